import { type Change, NEVER_WRITTEN, type PhotoRepository, type WorkspaceId } from 'photos-domain'
import { altered } from './mutant.js'

/**
 * Repositories on a store of two copies: reads and writes go by the first; scans, feeds and the status by the second, which has a
 * write only when it was looked at this often since.
 */
export function laggingCopy(looks: number): (model: PhotoRepository) => PhotoRepository {
  /** Versions, which count the writes, that the copy has not; and how often it was looked at since. */
  const missing = new Map<number, number>()
  const firstVersions = new Map<WorkspaceId, number>()
  /** Looks at the copy: up to which version it has all. */
  const look = (): number => {
    const has = Math.min(...[...missing.keys()].map((version) => version - 1))
    for (const [version, looked] of missing) {
      if (looked + 1 < looks) missing.set(version, looked + 1)
      else missing.delete(version)
    }
    return has
  }
  const isThere = (workspaceId: WorkspaceId, has: number) => (firstVersions.get(workspaceId) ?? 0) <= has
  return (model) =>
    altered(model, {
      write: async (workspaceId, content, expected) => {
        const version = await model.write(workspaceId, content, expected)
        missing.set(Number(version), 0)
        if (expected === NEVER_WRITTEN) firstVersions.set(workspaceId, Number(version))
        return version
      },
      async *scan(options) {
        const has = look()
        for await (const row of model.scan(options)) if (isThere(row.workspaceId, has)) yield row
      },
      changes: (options = {}) => {
        const has = look()
        if (options.live !== true && options.since !== 'now') return upTo(has, model.changes(options))
        // What the copy has not yet comes as if it was new.
        const isBehind = options.since === 'now' && has < Number.POSITIVE_INFINITY
        return model.changes(isBehind ? { ...options, since: String(has) } : options)
      },
      status: async () => {
        const has = look()
        const workspaces = [...firstVersions.keys()].filter((workspaceId) => isThere(workspaceId, has)).length
        return { ...(await model.status()), workspaces }
      },
    })
}

async function* upTo(has: number, changes: AsyncIterable<Change>): AsyncGenerator<Change> {
  for await (const change of changes) if (Number(change.version) <= has) yield change
}
