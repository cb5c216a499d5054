import { NEVER_WRITTEN } from 'photos-domain'
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
    const written = EDGE_IDS.filter((_, index) => index % 2 === 0)
    const records = await putNew(repository, written)
    const wanted = new Map(EDGE_IDS.map((workspaceId) => [workspaceId, records.get(workspaceId) ?? ABSENT]))
    t.same([...records.keys()], written, 'every other one is written')
    await readsBack(t, repository, wanted, 'each has its own record or none')
    await readsBack(t, repository, wanted, 'each has its own record or none, fresh', { fresh: true })
  },
}
