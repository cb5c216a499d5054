import type { Change } from 'photos-domain'
import { ABSENT, contentOf, EMPTY, numbered, put, putNew, receiptsOf } from '../fixtures.js'
import { all, readsBack, sameRecord, showsEach } from '../outcomes.js'
import type { Rules } from '../store-under-test.js'

export const durabilityRules: Rules = {
  'what was written is there after every repository was closed': async (t, store) => {
    const records = await putNew(store.repository, numbered('w', 30))
    records.set('w3', await put(store.repository, 'w3', { ...contentOf('p'), receipts: receiptsOf('key') }))
    records.set('w5', await put(await store.reopen(), 'w5', contentOf('q')))
    records.set('w8', await put(store.repository, 'w8', EMPTY))
    await store.closeAll()
    const reopened = await store.reopen()
    await readsBack(t, reopened, records, 'each reads as it was written last', { fresh: true })
    sameRecord(t, await reopened.read('never-written', { fresh: true }), ABSENT, 'never-written')
    const status = await store.listed(
      () => reopened.status(),
      ({ workspaces }) => workspaces === records.size,
    )
    t.equal(status.workspaces, records.size, 'all are counted')
    const scanned = await store.listed(() => all(reopened.scan()), showsEach(records.keys()))
    t.equal(scanned.length, records.size, 'all are found by a scan')
  },

  'the feed resumes after every repository was closed': async (t, store) => {
    const before = await putNew(store.repository, numbered('before', 20))
    const told = await store.listed(() => all(store.repository.changes()), showsEach(before.keys()))
    const cursor = told.at(-1)?.cursor
    await store.closeAll()
    const reopened = await store.reopen()
    const { version } = await put(reopened, 'after', contentOf('p'))
    const tellsIt = (told: readonly Change[]) =>
      told.some((change) => change.workspaceId === 'after' && change.version === version)
    const resumed = await store.listed(() => all(reopened.changes({ since: cursor })), tellsIt)
    t.ok(tellsIt(resumed), 'it tells what was written since')
    t.ok(new Set(resumed.map(({ workspaceId }) => workspaceId)).size <= before.size, 'it does not start over')
  },
}
