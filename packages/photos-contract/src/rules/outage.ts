import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  compareVersions,
  type PhotoRepository,
  type WorkspaceContent,
  type WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'
import type { Test } from 'tap'
import { Drain, endsInTruth, untilListed } from '../drain.js'
import { ABSENT, contentOf, numbered, put, putNew, receiptsOf } from '../fixtures.js'
import { all, codeOf, sameRecord, showsEach } from '../outcomes.js'
import type { Rules, StoreUnderTest } from '../store-under-test.js'

export const outageRules: Rules = {
  'a store that is away is told apart from an empty one, and loses nothing': async (t, store) => {
    const { repository } = store
    const kept = await put(repository, 'kept', { ...contentOf('p'), receipts: receiptsOf('key') })
    const target = await put(repository, 'target', contentOf('p'))
    await repository.read('kept')
    const told = await store.listed(() => all(repository.changes()), showsEach(['kept']))
    const cursor = told.at(-1)?.cursor
    const attempts: Promise<WriteAttempt>[] = []
    const back = await store.outage(t, async () => {
      await checkReadInOutage(t, store, kept)
      const calls: Readonly<Record<string, () => unknown>> = {
        'a fresh read': () => repository.read('kept', { fresh: true }),
        'a read of what was never written': () => repository.read('new'),
        'a fresh read of what was never written': () => repository.read('new', { fresh: true }),
        'the feed': () => all(repository.changes()),
        'the feed from a cursor': () => all(repository.changes({ since: cursor })),
        'the feed from now': () => all(repository.changes({ since: 'now' })),
        'a live feed': () => all(repository.changes({ live: true, signal: store.signal })),
        'a scan': () => all(repository.scan()),
        'a scan after an id': () => all(repository.scan({ after: 'kept' })),
        ready: () => repository.ready(),
        status: () => repository.status(),
      }
      for (const [what, call] of Object.entries(calls)) {
        t.equal(await store.settled(what, codeOf(call)), 'REPOSITORY_UNAVAILABLE', what)
      }
      attempts.push(attempt(repository, 'target', target), attempt(repository, 'new', ABSENT))
      for (const { code } of await Promise.all(attempts)) t.not(code, 'resolved', 'a write does not succeed')
    })
    sameRecord(t, await back.read('kept', { fresh: true }), kept, 'afterwards')
    sameRecord(t, await back.read('kept'), kept, 'afterwards, plain')
    for (const made of await Promise.all(attempts)) await checkTruth(t, back, made)
    t.equal(await codeOf(() => put(back, 'kept', contentOf('q'))), 'resolved', 'it can be written again')
  },

  'writes that are under way when the store goes away end in what is true': async (t, store) => {
    const { repository } = store
    const records = await putNew(repository, numbered('w', 20))
    const attempts: Promise<WriteAttempt>[] = []
    for (const [workspaceId, record] of records) {
      attempts.push(attempt(repository, workspaceId, record))
      // Some are to have come further than others.
      if (attempts.length % 5 === 4) await nextTurn()
    }
    const back = await store.outage(t, async () => {
      await store.settled('the writes end', Promise.all(attempts))
    })
    for (const made of await Promise.all(attempts)) await checkTruth(t, back, made)
  },

  'a write whose answer was lost is told as unknown, and is not repeated': async (t, store) => {
    const { repository } = store
    const records = await putNew(repository, numbered('w', 5))
    records.set('new', { ...ABSENT })
    let attempts: WriteAttempt[] = []
    await store.lostAnswers(t, async () => {
      const writes = [...records].map(([workspaceId, record]) => attempt(repository, workspaceId, record))
      attempts = await store.settled('the writes end', Promise.all(writes))
      const read = await store.settled(
        'the read ends',
        codeOf(() => repository.read('new', { fresh: true })),
      )
      t.equal(read, store.canLoseAnswers ? 'REPOSITORY_UNAVAILABLE' : 'resolved', 'a read without an answer')
    })
    for (const made of attempts) await checkTruth(t, repository, made)
    t.equal(attempts.length, records.size, 'each has ended')
  },

  'a live feed breaks when the store goes away, and resumes from its last cursor': async (t, store) => {
    const { repository } = store
    const before = await putNew(repository, numbered('before', 5))
    const follower = store.follow(repository)
    await store.until('what is there is told', () => follower.hasToldAll(before))
    const back = await store.outage(t, async () => {
      await store.until('the feed ends', () => follower.ending !== undefined)
    })
    // Closing a repository, which stands in for an outage where there can be none, ends its feeds without an error.
    const wanted = store.canBeAway ? 'REPOSITORY_UNAVAILABLE' : 'resolved'
    t.equal(follower.ending, wanted, 'it says how it ended')
    const after = await putNew(back, numbered('after', 5))
    const resumed = store.follow(back, follower.changes.at(-1)?.cursor)
    await store.until('what came after is told', () => resumed.hasToldAll(after))
    await store.settled('the aborted feed ends', resumed.stop())
    t.equal(resumed.ending, 'resolved', 'it ends without an error')
  },

  'a scan or a feed that an outage cuts short rejects, and does not just end': async (t, store) => {
    const { repository } = store
    const records = await putNew(repository, numbered('w', 120))
    await untilListed(store, records.keys())
    const scan = new Drain(repository.scan())
    const feed = new Drain(repository.changes())
    await Promise.all([scan.next(), feed.next()])
    await store.outage(t, async () => {
      await endsInTruth(t, store, scan, records, 'the scan')
      await endsInTruth(t, store, feed, records, 'the feed')
    })
  },

  'a repository can be closed while the store is away': async (t, store) => {
    const { repository } = store
    const written = await put(repository, 'w', contentOf('p'))
    const doomed = await store.reopen()
    const follower = store.follow(doomed)
    const back = await store.outage(t, async () => {
      t.equal(
        await store.settled(
          'it closes',
          codeOf(() => doomed.close()),
        ),
        'resolved',
        'without an error',
      )
      await store.until('its feeds end', () => follower.ending !== undefined)
    })
    sameRecord(t, await back.read('w', { fresh: true }), written, 'another repository has what there was')
  },
}

/** A plain read of what was read before: a cache may answer it, but only with what was written last. */
async function checkReadInOutage(t: Test, store: StoreUnderTest, kept: WorkspaceRecord): Promise<void> {
  let record: WorkspaceRecord | undefined
  const code = await codeOf(async () => {
    record = await store.repository.read('kept')
  })
  if (record === undefined || store.answersInOutage === undefined) {
    t.equal(code, 'REPOSITORY_UNAVAILABLE', 'a read')
    return
  }
  t.comment(`a read may be answered in an outage: ${store.answersInOutage}`)
  // It may be marked stale, or still count as fresh.
  const { version, photos, photosText, receipts } = record
  sameRecord(t, { version, photos, photosText, receipts }, kept, 'a read that was answered')
}

/** A write that nobody else's comes between. */
interface WriteAttempt {
  readonly workspaceId: WorkspaceId
  readonly before: WorkspaceRecord
  readonly content: WorkspaceContent
  readonly code: Awaited<ReturnType<typeof codeOf>>
  /** What it resolved to, if it did. */
  readonly version: string | undefined
}

async function attempt(
  repository: PhotoRepository,
  workspaceId: WorkspaceId,
  before: WorkspaceRecord,
): Promise<WriteAttempt> {
  const content = contentOf(`${workspaceId}-attempt`)
  let version: string | undefined
  const code = await codeOf(async () => {
    version = await repository.write(workspaceId, content, before.version)
  })
  return { workspaceId, before, content, code, version }
}

/** Checks a write's answer against what is stored now. */
async function checkTruth(t: Test, repository: PhotoRepository, attempt: WriteAttempt): Promise<void> {
  const { workspaceId, before, content, code, version } = attempt
  const what = `${workspaceId}, told ${code}`
  const record = await repository.read(workspaceId, { fresh: true })
  switch (code) {
    case 'resolved':
      sameRecord(t, record, { ...content, version: version ?? '' }, `${what}: it was made`)
      break
    case 'REPOSITORY_UNAVAILABLE':
      sameRecord(t, record, before, `${what}: it was certainly not made`)
      break
    case 'WRITE_OUTCOME_UNKNOWN':
    case 'QUORUM_NOT_MET':
      if (compareVersions(record.version, before.version) > 0) {
        sameRecord(t, record, { ...content, version: record.version }, `${what}: it was made`)
      } else {
        sameRecord(t, record, before, `${what}: it was not made`)
      }
      break
    default:
      // A conflict, for one, can only be with the write itself, repeated.
      t.fail(`${what}, which it cannot be`)
  }
}
