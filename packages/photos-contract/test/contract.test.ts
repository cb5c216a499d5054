import { createMemoryStore } from 'photos-contract'
import type { PhotoRepository, WorkspaceId, WorkspaceRecord } from 'photos-domain'
import t from 'tap'
import { openMemory } from './memory-options.js'
import { laggingCopy } from './mutants/lagging-copy.js'
import { altered } from './mutants/mutant.js'
import { raisingAfterConflict } from './mutants/writes.js'
import { runContract } from './run-contract.js'

const seenByOthers = 'another repository on the store sees a write'
const away = 'a store that is away is told apart from an empty one, and loses nothing'

/** Those in which a record may be raised. */
const conflicts = [
  'a write that expects 0 is refused where there is a record, even an empty one',
  'of many writers that expect the same version, one wins',
]

/** Those that list what was written before. */
const listings = [
  'what was written is there after every repository was closed',
  'the feed resumes after every repository was closed',
  'the feed names every workspace at its latest version, and ends',
  'the feed resumes after each of its cursors, in any repository',
  'a feed from now tells nothing of before',
  'a live feed from now tells the writes to come',
  'a scan gives every workspace with its record, in the byte order of the ids',
  'a scan resumes after any id, whether it has a record or not',
  'a scan during writes still gives each workspace there was, once and in order',
  'a repository that serves is ready, and its status counts the records',
]

t.test('a store that cannot be away passes, with the reasons printed', async (t) => {
  const { failed, output } = await runContract({
    open: async () => ({
      ...(await openMemory()),
      outage: { impossible: 'it is in the same process' },
      lostAnswers: { impossible: 'an answer is a return value' },
    }),
  })
  t.same(failed, [])
  t.match(
    output,
    '# tested by closing the repository, as no other outage can befall it: it is in the same process',
  )
  t.match(output, '# tested with every answer arriving, as none can be lost: an answer is a return value')
})

t.test('reads that lag behind the writes of others pass only where that is said', async (t) => {
  const open = async () => {
    const store = createMemoryStore()
    return openMemory(store, () => lagging(store.handle()))
  }
  const { failed } = await runContract({ open, otherWritesSeenWithinMs: 10_000 })
  t.same(failed, [], 'said')
  t.same((await runContract({ open }, [seenByOthers])).failed, [seenByOthers], 'not said')
})

t.test('versions that are raised after a conflict pass only where that is said', async (t) => {
  const raise = raisingAfterConflict((record) => record)
  const open = async () => {
    const store = createMemoryStore()
    return openMemory(store, () => {
      const model = store.handle()
      return altered(model, raise(model))
    })
  }
  const { failed, output } = await runContract({ open, raisesVersions: 'its copies vote' }, conflicts)
  t.same(failed, [], 'said')
  t.match(output, '# the record may be at a higher version: its copies vote', 'the reason is printed')
  t.same((await runContract({ open }, conflicts)).failed, conflicts, 'not said')
})

t.test(
  'scans, feeds and counts that lag behind the writes pass only where that is said, and in its time',
  async (t) => {
    const openLagging = (looks: number) => async () => {
      const store = createMemoryStore()
      const lagging = laggingCopy(looks)
      return openMemory(store, () => lagging(store.handle()))
    }
    const open = openLagging(2)
    t.same((await runContract({ open, writesListedWithinMs: 10_000 })).failed, [], 'said')
    t.same((await runContract({ open }, listings)).failed, listings, 'not said')
    const late = { open: openLagging(1000), writesListedWithinMs: 20 }
    t.same((await runContract(late, listings)).failed, listings, 'later than was said')
  },
)

t.test('reads that are answered in an outage pass only where that is said', async (t) => {
  const open = async () => {
    const store = createMemoryStore()
    return openMemory(store, () => remembering(store.handle(), (record) => record))
  }
  const { failed, output } = await runContract({ open, answersInOutage: 'it remembers' }, [away])
  t.same(failed, [], 'said')
  t.match(output, '# a read may be answered in an outage: it remembers', 'the reason is printed')
  t.same((await runContract({ open }, [away])).failed, [away], 'not said')
})

t.test('reads that are answered wrongly in an outage never pass', async (t) => {
  const open = async () => {
    const store = createMemoryStore()
    return openMemory(store, () =>
      remembering(store.handle(), (record) => ({ ...record, photos: new Uint8Array() })),
    )
  }
  t.same((await runContract({ open, answersInOutage: 'it remembers' }, [away])).failed, [away])
})

/** Answers a plain read of what others write with what it read before, three times. */
function lagging(model: PhotoRepository): PhotoRepository {
  const cache = new Map<WorkspaceId, { readonly record: WorkspaceRecord; uses: number }>()
  return altered(model, {
    read: async (workspaceId, options) => {
      const cached = cache.get(workspaceId)
      const usable = cached !== undefined && cached.uses++ < 3 && options === undefined
      if (usable && (await model.ready()) === undefined) return cached.record
      const record = await model.read(workspaceId, options)
      cache.set(workspaceId, { record, uses: 0 })
      return record
    },
    write: async (workspaceId, content, expected) => {
      const version = await model.write(workspaceId, content, expected)
      cache.delete(workspaceId)
      return version
    },
  })
}

/** Answers a plain read in an outage with what it has read or written last, as `answer` makes it. */
function remembering(
  model: PhotoRepository,
  answer: (record: WorkspaceRecord) => WorkspaceRecord,
): PhotoRepository {
  const cache = new Map<WorkspaceId, WorkspaceRecord>()
  return altered(model, {
    read: async (workspaceId, options) => {
      try {
        const record = await model.read(workspaceId, options)
        cache.set(workspaceId, record)
        return record
      } catch (error) {
        const cached = cache.get(workspaceId)
        if (cached === undefined || options?.fresh === true) throw error
        return answer({ ...cached, stale: true })
      }
    },
  })
}
