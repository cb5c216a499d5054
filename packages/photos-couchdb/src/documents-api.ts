import type { WorkspaceId } from 'photos-domain'
import { type Leaf, leafOf } from './document.js'
import { notCouchdb, RequestFailure } from './failure.js'
import { isObject, type JsonObject } from './json.js'
import type { DatabaseRequest, Node } from './node.js'

export type Limits = Pick<DatabaseRequest, 'timeoutMs' | 'maxBytes' | 'signal'>

/**
 * The leaves of one document as far as CouchDB tells them when it is asked for the document: the winner, read with its
 * quorum, and the revisions of the losers without what is in them; none where there is no document.
 * https://docs.couchdb.org/en/stable/api/document/common.html#get--db-docid
 * @throws RequestFailure
 */
export async function getDocument(
  node: Node,
  workspaceId: WorkspaceId,
  limits: Limits,
): Promise<readonly Leaf[]> {
  let body: unknown
  try {
    const path = `${encodeURIComponent(workspaceId)}?conflicts=true`
    body = (await node.ask({ path, ...limits })).body
  } catch (error) {
    if (!(error instanceof RequestFailure) || error.kind !== 'missing') throw error
    // A missing database is a 404 too: "Database does not exist."
    if (error.reason === 'missing') return []
    if (error.reason === 'deleted') return getTombstones(node, workspaceId, limits)
    throw error
  }
  const winner = leafOf(workspaceId, body)
  if (winner === undefined) throw notCouchdb('it is not the document that was asked for')
  const conflicts = winner.document['_conflicts']
  const losers: readonly unknown[] = Array.isArray(conflicts) ? conflicts : []
  return [winner, ...losers.map((version) => ({ version: String(version), isDeleted: false, document: {} }))]
}

/** The 404 of a deleted document does not tell its revision. */
async function getTombstones(node: Node, workspaceId: WorkspaceId, limits: Limits): Promise<readonly Leaf[]> {
  const leaves = (await getLeaves(node, [workspaceId], limits)).get(workspaceId)
  if (leaves === undefined || leaves.length === 0)
    throw notCouchdb('it has no revision of a deleted document')
  return leaves
}

/**
 * Every leaf of each document, tombstones too; none where there is no document. A document is missing in the result when the
 * node did not say what there is: that is no absence.
 * https://docs.couchdb.org/en/stable/api/database/bulk-api.html#db-bulk-get
 * @throws RequestFailure
 */
export async function getLeaves(
  node: Node,
  workspaceIds: readonly WorkspaceId[],
  limits: Limits,
): Promise<Map<WorkspaceId, readonly Leaf[]>> {
  const body = Buffer.from(JSON.stringify({ docs: workspaceIds.map((id) => ({ id })) }))
  const answer = await node.ask({ path: '_bulk_get', body, ...limits })
  const results = isObject(answer.body) ? answer.body['results'] : undefined
  if (!Array.isArray(results)) throw notCouchdb('it has no results')
  const found = new Map<WorkspaceId, readonly Leaf[]>()
  for (const result of results) {
    if (!isObject(result) || typeof result['id'] !== 'string') throw notCouchdb('a result has no id')
    const leaves = leavesIn(result['id'], result['docs'])
    if (leaves !== undefined) found.set(result['id'], leaves)
  }
  return found
}

/**
 * Every leaf that any copy of the document has, with its history, tombstones too; none where there is no document. Once as many
 * copies as the quorum agree, CouchDB does not ask the others, so all are asked for: more than there ever are. Where they differ,
 * CouchDB gives each what it lacks, which it does not do when many documents are read at once.
 * https://docs.couchdb.org/en/stable/api/document/common.html#obtaining-all-leaf-revisions
 * @throws RequestFailure
 */
export async function getLeavesOfAllCopies(
  node: Node,
  workspaceId: WorkspaceId,
  limits: Limits,
): Promise<readonly Leaf[]> {
  try {
    const path = `${encodeURIComponent(workspaceId)}?open_revs=all&revs=true&r=100`
    const leaves = leavesIn(workspaceId, (await node.ask({ path, ...limits })).body)
    if (leaves === undefined) throw notCouchdb('it does not tell the revisions of the document')
    return leaves
  } catch (error) {
    if (error instanceof RequestFailure && error.kind === 'missing' && error.reason === 'missing') return []
    throw error
  }
}

/** Undefined where the node could not tell: an error other than `not_found`, in a 200 all the same. */
function leavesIn(workspaceId: WorkspaceId, docs: unknown): readonly Leaf[] | undefined {
  if (!Array.isArray(docs) || docs.length === 0) return undefined
  const leaves: Leaf[] = []
  for (const doc of docs) {
    if (!isObject(doc)) return undefined
    if (doc['ok'] !== undefined) {
      const leaf = leafOf(workspaceId, doc['ok'])
      if (leaf === undefined) return undefined
      leaves.push(leaf)
    } else if (!isNotFound(doc)) return undefined
  }
  return leaves
}

const isNotFound = ({ error }: JsonObject): boolean => isObject(error) && error['error'] === 'not_found'
