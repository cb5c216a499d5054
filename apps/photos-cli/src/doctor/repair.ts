import type { RepairResult } from 'photos-couchdb'
import { EXIT } from '../failure.js'
import { formatCount } from '../format.js'
import { takeSignals } from '../interruption.js'
import { startProgress } from '../progress.js'
import { describeLocation, type StoreLocation } from '../store-location.js'

/** Repairs what the engine of a store can leave in need of it; resolves to the exit code. @throws PhotosError */
export async function repair(location: StoreLocation, asJson: boolean): Promise<number> {
  if (location.kind === 'lmdb') {
    const store = describeLocation(location)
    console.log(asJson ? toJson() : `${store} is an embedded store: there is nothing to repair`)
    return EXIT.ok
  }
  const { openCouchdbRepository, repairConflicts } = await import('photos-couchdb')
  const repository = await openCouchdbRepository({ urls: location.urls })
  const { workspaces: total } = await repository.status().finally(() => repository.close())
  const interruption = takeSignals()
  const { signal } = interruption
  const progress = startProgress({ unit: 'workspaces', total })
  try {
    const result = await repairConflicts({
      urls: location.urls,
      signal,
      onProgress: ({ examined }) => progress.update(Math.min(examined, total)),
    }).finally(() => progress.stop())
    console.log(asJson ? toJson(result) : summarize(result))
    for (const { workspaceId, error } of result.failed) {
      process.stderr.write(`${workspaceId} is not repaired: ${error.message}\n`)
    }
    if (signal.aborted) {
      process.stderr.write('interrupted; the same command repairs the rest\n')
      return interruption.exitCode
    }
    return result.failed.length === 0 ? EXIT.ok : EXIT.failed
  } finally {
    interruption.release()
  }
}

function summarize({ examined, conflicted, repaired, merged }: RepairResult): string {
  const [e, c, r, m] = [examined, conflicted, repaired, merged].map(formatCount)
  return `examined ${e} workspaces: ${c} had conflicting revisions, ${r} were repaired, ${m} revisions merged`
}

function toJson(result?: RepairResult): string {
  const { examined = 0, conflicted = 0, repaired = 0, merged = 0, failed = [] } = result ?? {}
  const reasons = failed.map(({ workspaceId, error }) => ({ workspaceId, reason: error.message }))
  return JSON.stringify({ examined, conflicted, repaired, merged, failed: reasons }, null, 2)
}
