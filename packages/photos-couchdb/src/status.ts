import type { RepositoryStatus } from 'photos-domain'
import { notCouchdb } from './failure.js'
import { isObject } from './json.js'
import type { Node } from './node.js'

/**
 * How full the database is. https://docs.couchdb.org/en/stable/api/database/common.html#get--db
 * @throws RequestFailure
 */
export async function statusOf(node: Node, timeoutMs: number): Promise<RepositoryStatus> {
  const [server, database, designs] = await Promise.all([
    node.askServer({ path: '', timeoutMs }),
    node.askNano({ path: '', timeoutMs }),
    // Design documents count as documents. nano makes the keys JSON.
    node.askNano({ path: '_all_docs', query: { startkey: '_design/', endkey: '_design0' }, timeoutMs }),
  ])
  const count = isObject(database) ? database['doc_count'] : undefined
  const rows = isObject(designs) ? designs['rows'] : undefined
  if (typeof count !== 'number' || !Array.isArray(rows)) throw notCouchdb('it does not count the documents')
  const version = isObject(server) ? server['version'] : undefined
  return { engine: `couchdb ${version}`, workspaces: count - rows.length, bytes: sizeOf(database) }
}

/** PouchDB tells no size. */
function sizeOf(database: unknown): number {
  const sizes = isObject(database) ? database['sizes'] : undefined
  const file = isObject(sizes) ? sizes['file'] : undefined
  return typeof file === 'number' ? file : 0
}
