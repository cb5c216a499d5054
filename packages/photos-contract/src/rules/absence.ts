import { NEVER_WRITTEN, type WorkspaceId, type WorkspaceRecord } from 'photos-domain'
import { ABSENT, contentOf, EDGE_IDS, put, putNew } from '../fixtures.js'
import { all, readsBack, sameRecord } from '../outcomes.js'
import type { Rules } from '../store-under-test.js'

export const absenceRules: Rules = {
  'a workspace that was never written reads as [] at version 0': async (t, { repository }) => {
    sameRecord(t, await repository.read('new'), ABSENT, 'in an empty store')
    sameRecord(t, await repository.read('new', { fresh: true }), ABSENT, 'in an empty store, fresh')
    await put(repository, 'another', contentOf('p'))
    sameRecord(t, await repository.read('new'), ABSENT, 'beside another one')
    sameRecord(t, await repository.read('new', { fresh: true }), ABSENT, 'beside another one, fresh')
  },

  'reading a workspace makes no record of it': async (t, { repository }) => {
    await repository.read('new')
    await repository.read('new', { fresh: true })
    t.equal((await repository.status()).workspaces, 0, 'it is not counted')
    t.same(await all(repository.scan()), [], 'it is not found by a scan')
    t.same(await all(repository.changes()), [], 'it is not told as a change')
    t.not(
      await repository.write('new', contentOf('p'), NEVER_WRITTEN),
      NEVER_WRITTEN,
      'it can be written at 0',
    )
  },

  'every id of the pattern names a workspace of its own': async (t, { repository }) => {
    const records = new Map<WorkspaceId, WorkspaceRecord>(
      EDGE_IDS.map((workspaceId) => [workspaceId, ABSENT]),
    )
    for (const half of [0, 1]) {
      const written = await putNew(
        repository,
        EDGE_IDS.filter((_, index) => index % 2 === half),
      )
      for (const [workspaceId, record] of written) records.set(workspaceId, record)
      const what = half === 0 ? 'those that were written, and none of their neighbours' : 'all of them'
      await readsBack(t, repository, records, what)
      await readsBack(t, repository, records, `${what}, fresh`, { fresh: true })
    }
  },
}
