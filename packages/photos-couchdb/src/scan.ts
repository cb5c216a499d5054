import { isWorkspaceId, type ScanOptions, type WorkspaceId, type WorkspaceRecord } from 'photos-domain'
import { toPhotosError } from './failure.js'
import type { Nodes } from './nodes.js'
import { pageOfDocuments } from './pages.js'
import type { Reader } from './reader.js'

export interface ScanSettings {
  /** How long a page of ids may take. */
  readonly readTimeoutMs: number
  /** How many workspaces to read at once. */
  readonly pageSize: number
  /** Ends every scan with the error it aborts with. */
  readonly closing: AbortSignal
}

/**
 * Every workspace by ascending id. The ids come from `_all_docs`, which is in byte order
 * (https://docs.couchdb.org/en/stable/ddocs/views/collation.html#all-docs) and reads one copy; the records are read as any others.
 * @throws PhotosError those of a read, `CORRUPT_RECORD` too
 */
export async function* scan(
  nodes: Nodes,
  reader: Reader,
  { readTimeoutMs: timeoutMs, pageSize, closing }: ScanSettings,
  { after, signal }: ScanOptions,
): AsyncGenerator<{ readonly workspaceId: WorkspaceId; readonly record: WorkspaceRecord }, void, undefined> {
  const ending = signal === undefined ? closing : AbortSignal.any([signal, closing])
  try {
    for (let last = after; ; ) {
      const request = { limit: pageSize, timeoutMs, signal: ending, withDocuments: false }
      const rows = await nodes.run((node) => pageOfDocuments(node, last, request), request)
      const ids = rows.map(({ id }) => id)
      const workspaceIds = ids.filter((id) => id !== last && isWorkspaceId(id))
      const outcomes = workspaceIds.length === 0 ? [] : await reader.read(workspaceIds, ending)
      for (const [index, outcome] of outcomes.entries()) {
        if (signal?.aborted === true) return
        if ('error' in outcome) throw outcome.error
        const workspaceId = workspaceIds[index]
        // Deleted since the ids were read.
        if (workspaceId !== undefined && !outcome.value.isDeleted)
          yield { workspaceId, record: outcome.value.record }
      }
      if (ids.length < pageSize) return
      last = ids.at(-1)
    }
  } catch (error) {
    if (signal?.aborted !== true) throw toPhotosError(error)
  }
}
