import { toPhotosError } from './failure.js'
import { isObject } from './json.js'
import type { Nodes } from './nodes.js'
import { openNodes } from './open-nodes.js'
import { pageOfDocuments } from './pages.js'
import { SeenBefore } from './seen-before.js'

/** A workspace of the original layout. Nothing of it is checked but its shape: `parsePhotoList` of photos-domain does that. */
export interface LegacyWorkspace {
  readonly workspaceId: string
  /** In the order of the documents' ids, and within a document in its own; of photos with the same id, the first. */
  readonly photos: readonly unknown[]
  /** The documents that they came from. */
  readonly documentIds: readonly string[]
}

export interface LegacyOptions {
  /** Called for each document that is not of the layout, and so is left out. Design documents are not told of. */
  readonly onSkipped?: ((documentId: string) => void) | undefined
  /** Called after each page with how many documents it had; every document is read twice. */
  readonly onProgress?: ((documents: number) => void) | undefined
  /** How many documents to read at once. Default 500. */
  readonly pageSize?: number | undefined
  /** Ends the reading without an error. */
  readonly signal?: AbortSignal | undefined
}

const TIMEOUT_MS = 30_000

/**
 * Reads a database in the original layout: documents `{ workspace_id, photos: [{ id, url, description }…] }` under random ids,
 * possibly several for one workspace. Each workspace comes once, merged. It needs no index: the documents are read twice,
 * first to find which workspaces have several, then to pass on the others as they come and to keep those until all are read. So
 * it takes memory for the workspaces that have several documents, and for the rest two bytes each. Nothing may be written to
 * the database meanwhile.
 * @throws PhotosError as a read does
 */
export async function* legacyWorkspaces(
  url: string,
  options: LegacyOptions = {},
): AsyncGenerator<LegacyWorkspace, void, undefined> {
  const nodes = openNodes({ urls: [url] })
  try {
    const several = await workspacesOfSeveral(nodes, options)
    const kept = new Map<string, LegacyWorkspace>()
    for await (const workspace of documents(nodes, options)) {
      if (several.has(workspace.workspaceId)) {
        kept.set(workspace.workspaceId, merged(kept.get(workspace.workspaceId), workspace))
      } else yield workspace
    }
    yield* kept.values()
  } catch (error) {
    if (options.signal?.aborted !== true) throw toPhotosError(error)
  } finally {
    await nodes.close()
  }
}

/** The workspaces that have several documents, and perhaps a few that have one. */
async function workspacesOfSeveral(nodes: Nodes, options: LegacyOptions): Promise<ReadonlySet<string>> {
  const info = await nodes.run((node) => node.askNano({ path: '', timeoutMs: TIMEOUT_MS }), options)
  const count = isObject(info) ? info['doc_count'] : undefined
  const seen = new SeenBefore(typeof count === 'number' ? count : 0)
  const several = new Set<string>()
  for await (const { workspaceId } of documents(nodes, { ...options, onSkipped: undefined })) {
    if (seen.add(workspaceId)) several.add(workspaceId)
  }
  return several
}

/** The documents of the layout, by ascending id. */
async function* documents(
  nodes: Nodes,
  { onSkipped, onProgress, pageSize = 500, signal }: LegacyOptions,
): AsyncGenerator<LegacyWorkspace, void, undefined> {
  const request = { limit: pageSize, timeoutMs: TIMEOUT_MS, withDocuments: true, signal }
  for (let last: string | undefined; ; ) {
    const from = last
    const rows = await nodes.run((node) => pageOfDocuments(node, from, request), request)
    const unread = rows.filter(({ id }) => id !== from)
    for (const { id, doc } of unread) {
      if (signal?.aborted === true) return
      if (id.startsWith('_')) continue
      const workspace = workspaceIn(id, doc)
      if (workspace === undefined) onSkipped?.(id)
      else yield workspace
    }
    onProgress?.(unread.length)
    if (rows.length < pageSize) return
    last = rows.at(-1)?.id
  }
}

function workspaceIn(documentId: string, document: unknown): LegacyWorkspace | undefined {
  if (!isObject(document)) return undefined
  const { workspace_id: workspaceId, photos } = document
  if (typeof workspaceId !== 'string' || !Array.isArray(photos)) return undefined
  return { workspaceId, photos, documentIds: [documentId] }
}

function merged(earlier: LegacyWorkspace | undefined, later: LegacyWorkspace): LegacyWorkspace {
  if (earlier === undefined) return later
  const known = new Set(earlier.photos.map(idOf))
  const added = later.photos.filter((photo) => idOf(photo) === undefined || !known.has(idOf(photo)))
  return {
    workspaceId: earlier.workspaceId,
    photos: [...earlier.photos, ...added],
    documentIds: [...earlier.documentIds, ...later.documentIds],
  }
}

const idOf = (photo: unknown): unknown => (isObject(photo) ? photo['id'] : undefined)
