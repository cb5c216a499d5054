import type { WorkspaceRecord } from 'photos-domain'
import { Drain, endsInTruth, untilListed } from '../drain.js'
import { contentOf, numbered, put, putNew } from '../fixtures.js'
import { all, codeOf, readsBack, sameRecord, showsEach } from '../outcomes.js'
import type { Rules } from '../store-under-test.js'

export const closeRules: Rules = {
  'close finishes the writes under way': async (t, store) => {
    const { repository } = store
    const writes = putNew(repository, numbered('w', 40))
    const closing = repository.close()
    const records = await store.settled('the writes end', writes)
    await store.settled('the repository closes', closing)
    const reopened = await store.reopen()
    await readsBack(t, reopened, records, 'all were made', { fresh: true })
  },

  'what is read when the repository closes ends with what there is, or as unavailable': async (t, store) => {
    const { repository } = store
    const records = await putNew(repository, numbered('w', 120))
    await untilListed(store, records.keys())
    const scan = new Drain(repository.scan())
    const feed = new Drain(repository.changes())
    await Promise.all([scan.next(), feed.next()])
    const reads = [...records].map(async ([workspaceId, wanted]) => {
      let found: WorkspaceRecord | undefined
      const code = await codeOf(async () => {
        found = await repository.read(workspaceId)
      })
      return { workspaceId, code, found, wanted }
    })
    const closing = store.close()
    const ended = await store.settled('the reads end', Promise.all(reads))
    await closing
    const answered = ended.filter(({ code }) => code !== 'REPOSITORY_UNAVAILABLE')
    t.same(
      answered.filter(({ code }) => code !== 'resolved'),
      [],
      'reads have their answer or reject as unavailable',
    )
    for (const { workspaceId, found, wanted } of answered) sameRecord(t, found, wanted, workspaceId)
    await endsInTruth(t, store, scan, records, 'a scan')
    await endsInTruth(t, store, feed, records, 'a feed')
  },

  'after close every method rejects as unavailable': async (t, store) => {
    const { repository } = store
    const { version } = await put(repository, 'w', contentOf('p'))
    await repository.read('w')
    const told = await store.listed(() => all(repository.changes()), showsEach(['w']))
    const cursor = told.at(-1)?.cursor
    await store.close()
    const calls: Readonly<Record<string, () => unknown>> = {
      read: () => repository.read('w'),
      'a fresh read': () => repository.read('w', { fresh: true }),
      'a read of what was never written': () => repository.read('new'),
      write: () => repository.write('w', contentOf('q'), version),
      'the feed': () => all(repository.changes()),
      'the feed from a cursor': () => all(repository.changes({ since: cursor })),
      'a live feed': () => all(repository.changes({ live: true, signal: store.signal })),
      scan: () => all(repository.scan()),
      ready: () => repository.ready(),
      status: () => repository.status(),
    }
    for (const [what, call] of Object.entries(calls))
      t.equal(await store.settled(what, codeOf(call)), 'REPOSITORY_UNAVAILABLE', what)
  },

  'close ends live feeds without an error': async (t, store) => {
    const { repository } = store
    const records = await putNew(repository, numbered('w', 5))
    const waiting = store.follow(repository)
    await store.until('the feed has caught up', () => waiting.hasToldAll(records))
    await store.close()
    await store.until('the feed ends', () => waiting.ending !== undefined)
    t.equal(waiting.ending, 'resolved')
  },

  'closing twice is closing once': async (t, store) => {
    const { repository } = store
    await put(repository, 'w', contentOf('p'))
    const closings = [repository.close(), repository.close()]
    t.equal(
      await store.settled(
        'both close',
        codeOf(() => Promise.all(closings)),
      ),
      'resolved',
      'at once',
    )
    t.equal(
      await store.settled(
        'it closes again',
        codeOf(() => repository.close()),
      ),
      'resolved',
      'and later',
    )
  },

  'closing one repository leaves the others on the store alone': async (t, store) => {
    const other = await store.reopen()
    const follower = store.follow(other)
    const written = await put(store.repository, 'w', contentOf('p'))
    await store.close()
    sameRecord(t, await other.read('w', { fresh: true }), written, 'it reads')
    const next = await put(other, 'w', contentOf('q'))
    await store.until('its feed goes on', () => follower.hasTold('w', next.version))
    await store.settled('the aborted feed ends', follower.stop())
    t.equal(follower.ending, 'resolved', 'its feed ends without an error')
  },
}
