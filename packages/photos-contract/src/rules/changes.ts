import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Change, NEVER_WRITTEN, type Version, type WorkspaceId } from 'photos-domain'
import { contentOf, EMPTY, numbered, put, putEach, putNew } from '../fixtures.js'
import { all, codeOf } from '../outcomes.js'
import type { Rules } from '../store-under-test.js'

export const changesRules: Rules = {
  'the feed names every workspace at its latest version, and ends': async (t, store) => {
    const { repository } = store
    t.same(await all(repository.changes()), [], 'of an empty store it names none')
    const records = await putNew(repository, numbered('w', 70))
    records.set('w7', await put(repository, 'w7', contentOf('again')))
    records.set('w8', await put(await store.reopen(), 'w8', contentOf('elsewhere')))
    records.set('w9', await put(repository, 'w9', EMPTY))
    const wanted = Object.fromEntries(
      [...records].map(([workspaceId, { version }]) => [workspaceId, version]),
    )
    for (const each of [repository, await store.reopen()]) {
      const told = await store.listed(() => all(each.changes()), tellsLatest(records))
      t.same(Object.fromEntries(latestOf(told)), wanted, 'each with the version told last')
    }
  },

  'the feed resumes after each of its cursors, in any repository': async (t, store) => {
    const { repository } = store
    const records = await putNew(repository, numbered('w', 30))
    records.set('w3', await put(repository, 'w3', contentOf('again')))
    const told = await store.listed(() => all(repository.changes()), tellsLatest(records))
    for (const each of [repository, await store.reopen()]) {
      for (const at of [0, 9, 20, told.length - 2]) {
        const since = told[at]?.cursor
        const following = new Set(told.slice(at + 1).map(({ workspaceId }) => workspaceId))
        const wanted = new Map([...records].filter(([workspaceId]) => following.has(workspaceId)))
        const resumed = await store.listed(() => all(each.changes({ since })), tellsLatest(wanted))
        t.same(missedBy(resumed, wanted), [], `after change ${at} it tells the latest of all that follow`)
      }
      const caughtUp = latestOf(await all(each.changes({ since: told.at(-1)?.cursor })))
      t.ok(caughtUp.size < 30, 'after the last change it does not start over')
    }
    const later = new Map([['w5', await put(repository, 'w5', contentOf('later'))]])
    const since = told.at(-1)?.cursor
    const toldLater = await store.listed(() => all(repository.changes({ since })), tellsLatest(later))
    t.same(missedBy(toldLater, later), [], 'it tells what was written after the last one')
  },

  'a feed from now tells nothing of before': async (t, store) => {
    const { repository } = store
    await putNew(repository, numbered('w', 10))
    const told = await store.listed(
      () => all(repository.changes({ since: 'now' })),
      (told) => told.length === 0,
    )
    t.same(told, [], 'and ends, as there is nothing else')
  },

  'a live feed from now tells the writes to come': async (t, store) => {
    const { repository } = store
    await putNew(repository, numbered('before', 10))
    const follow = async () => {
      const follower = store.follow(repository, 'now')
      // When the feed begins is for the repository to say. From the first change that is told on, it misses none.
      await store.until('the feed begins', async () => {
        await put(repository, 'beginning', contentOf('p'))
        return follower.changes.length > 0 || follower.ending !== undefined
      })
      const records = await putEach(repository, numbered('later', 10))
      await store.until('the later writes are told', () => follower.hasToldAll(records))
      await store.settled('the aborted feed ends', follower.stop())
      t.equal(follower.ending, 'resolved', 'it ends without an error')
      return follower.changes.filter(({ workspaceId }) => workspaceId.startsWith('before'))
    }
    const before = await store.listed(follow, (before) => before.length === 0)
    t.same(before, [], 'it tells nothing of before')
  },

  'a live feed tells what is there and what any repository writes, until it is aborted': async (t, store) => {
    const { repository } = store
    const other = await store.reopen()
    const there = await putNew(repository, numbered('there', 5))
    const follower = store.follow(repository)
    await store.until('what is there is told', () => follower.hasToldAll(there))
    t.equal(follower.ending, undefined, 'it waits for more')
    const here = await put(repository, 'here', contentOf('p'))
    await store.until('a write of its own repository is told', () => follower.hasTold('here', here.version))
    const elsewhere = await put(other, 'elsewhere', contentOf('p'))
    await store.until('a write of another is told', () => follower.hasTold('elsewhere', elsewhere.version))
    const emptied = await put(other, 'elsewhere', EMPTY)
    await store.until('an emptying is told', () => follower.hasTold('elsewhere', emptied.version))
    await store.settled('the aborted feed ends', follower.stop())
    t.equal(follower.ending, 'resolved', 'it ends without an error')
    const told = follower.changes.length
    await put(repository, 'here', contentOf('q'))
    await nextTurn()
    t.equal(follower.changes.length, told, 'it tells nothing after that')
  },

  'a live feed misses nothing of what many write at once': async (t, store) => {
    const repositories = await store.repositories(3)
    const followers = repositories.map((repository) => store.follow(repository))
    const latest = new Map<WorkspaceId, { readonly version: Version }>()
    await Promise.all(
      repositories.map(async (repository, at) => {
        for (const photoId of numbered('p', 3)) {
          const writes = numbered(`w${at}-`, 20).map(async (workspaceId) => {
            latest.set(workspaceId, await put(repository, workspaceId, contentOf(photoId)))
          })
          await Promise.all(writes)
        }
      }),
    )
    for (const follower of followers) {
      await store.until('the latest version of each workspace is told', () => follower.hasToldAll(latest))
      await store.settled('the aborted feed ends', follower.stop())
      t.equal(follower.ending, 'resolved', 'it ends without an error')
    }
  },

  'a feed that is consumed slowly misses nothing': async (t, store) => {
    const { repository } = store
    await put(repository, 'first', contentOf('p'))
    const controller = new AbortController()
    const signal = AbortSignal.any([controller.signal, store.signal])
    const feed = repository.changes({ live: true, signal })[Symbol.asyncIterator]()
    const first = await feed.next()
    t.equal(first.done ? undefined : first.value.workspaceId, 'first', 'it begins')
    const missing = await putNew(repository, numbered('w', 40))
    while (missing.size > 0) {
      const { value, done } = await store.settled('the next change is told', feed.next())
      if (done === true) break
      if (missing.get(value.workspaceId)?.version === value.version) missing.delete(value.workspaceId)
    }
    t.same([...missing.keys()], [], 'all that was written meanwhile is told')
    controller.abort()
    const { done } = await store.settled('the aborted feed ends', feed.next())
    t.equal(done, true, 'it ends')
  },

  'a feed ends when its signal has aborted already, and when its consumer leaves': async (t, store) => {
    const { repository } = store
    await putNew(repository, numbered('w', 5))
    const signal = AbortSignal.abort()
    for (const live of [false, true]) {
      t.same(
        await store.settled('it ends', all(repository.changes({ live, signal }))),
        [],
        'it tells nothing',
      )
    }
    const leaving = codeOf(async () => {
      for await (const _ of repository.changes({ live: true, signal: store.signal })) break
    })
    t.equal(await store.settled('it ends when its consumer leaves', leaving), 'resolved', 'without an error')
    t.equal(await codeOf(() => repository.write('w9', EMPTY, NEVER_WRITTEN)), 'resolved', 'and writes go on')
  },
}

type Versions = ReadonlyMap<WorkspaceId, { readonly version: Version }>

/** The workspaces of which something else was told last than the version they are at. */
function missedBy(told: readonly Change[], wanted: Versions): WorkspaceId[] {
  const latest = latestOf(told)
  return [...wanted].flatMap(([id, { version }]) => (latest.get(id) === version ? [] : [id]))
}

const tellsLatest =
  (wanted: Versions) =>
  (told: readonly Change[]): boolean =>
    missedBy(told, wanted).length === 0

/** The version that was told last of each workspace. */
const latestOf = (changes: readonly Change[]): Map<WorkspaceId, Version> =>
  new Map(changes.map(({ workspaceId, version }) => [workspaceId, version]))
