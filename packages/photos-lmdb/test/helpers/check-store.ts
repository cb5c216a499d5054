import { compareVersions, type PhotoRepository } from 'photos-domain'
import type { Test } from 'tap'
import { countOf } from './counted.js'
import type { Acknowledgement } from './counter.js'

/**
 * Checks a store that nobody writes to: each record can be read and is whole, the index of changes has each workspace once, at
 * its version and in order, and each acknowledged write is there, or a later one.
 */
export async function checkStore(
  t: Test,
  repository: PhotoRepository,
  acknowledgements: readonly Acknowledgement[],
): Promise<void> {
  const records = new Map<string, { readonly version: string; readonly count: number }>()
  for await (const { workspaceId, record } of repository.scan()) {
    records.set(workspaceId, { version: record.version, count: countOf(record) })
  }
  const changes: [string, string][] = []
  for await (const { workspaceId, version } of repository.changes()) changes.push([workspaceId, version])
  const byVersion = [...records]
    .map(([workspaceId, { version }]): [string, string] => [workspaceId, version])
    .toSorted(([, a], [, b]) => compareVersions(a, b))
  t.same(changes, byVersion, 'the index of changes is that of the records')
  t.equal((await repository.status()).workspaces, records.size, 'the records are counted')

  const lost = acknowledgements.filter(({ workspaceId, version, count }) => {
    const record = records.get(workspaceId)
    return record === undefined || compareVersions(record.version, version) < 0 || record.count < count
  })
  t.same(lost, [], 'no acknowledged write is lost')
  const counts = new Set(acknowledgements.map(({ workspaceId, count }) => `${workspaceId} ${count}`))
  t.equal(counts.size, acknowledgements.length, 'no count was made twice')
  const versions = new Set(acknowledgements.map(({ version }) => version))
  t.equal(versions.size, acknowledgements.length, 'no version was given twice')
}
