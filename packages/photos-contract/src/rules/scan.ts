import type { PhotoRepository, ScanOptions, WorkspaceId } from 'photos-domain'
import { ABSENT, contentOf, EDGE_IDS, EMPTY, numbered, put, putNew, receiptsOf } from '../fixtures.js'
import { all, sameRecords, showsEach } from '../outcomes.js'
import type { Rules } from '../store-under-test.js'

export const scanRules: Rules = {
  'a scan gives every workspace with its record, in the byte order of the ids': async (t, store) => {
    const { repository } = store
    t.same(await all(repository.scan()), [], 'of an empty store it gives nothing')
    const ids = [...EDGE_IDS, ...numbered('w', 100)].toSorted()
    const records = await putNew(repository, shuffled(ids))
    records.set('w7', await put(repository, 'w7', { ...contentOf('again'), receipts: receiptsOf('key') }))
    records.set('w8', await put(repository, 'w8', EMPTY))
    for (const each of [repository, await store.reopen()]) {
      const scanned = await store.listed(() => all(each.scan()), showsEach(ids))
      t.same(
        scanned.map(({ workspaceId }) => workspaceId),
        ids,
        'each id once, in order',
      )
      const rows = scanned.map(({ workspaceId, record }) => {
        return [workspaceId, record, records.get(workspaceId) ?? ABSENT] as const
      })
      sameRecords(t, rows, 'each with its record')
    }
  },

  'a scan resumes after any id, whether it has a record or not': async (t, store) => {
    const { repository } = store
    const ids = [...EDGE_IDS, ...numbered('w', 60)].toSorted()
    await putNew(repository, shuffled(ids))
    const afters = [...EDGE_IDS, 'w1', 'w10', 'w5', 'w55', 'w59', 'never-written', 'w1-', '-', 'zzzz']
    for (const after of afters) {
      const wanted = ids.filter((workspaceId) => workspaceId > after)
      const given = await store.listed(
        () => idsOf(repository, { after }),
        (given) => given.length >= wanted.length,
      )
      t.same(given, wanted, `after ${after}`)
    }
  },

  'a scan during writes still gives each workspace there was, once and in order': async (t, store) => {
    const { repository } = store
    const ids = numbered('w', 90).toSorted()
    await putNew(repository, ids)
    const scan = async () => {
      const given: WorkspaceId[] = []
      for await (const { workspaceId } of repository.scan()) {
        given.push(workspaceId)
        const round = given.length
        if (round % 10 !== 5) continue
        const next = ids[round + 1] ?? 'w0'
        await Promise.all([
          put(repository, workspaceId, contentOf('just-seen')),
          put(repository, next, contentOf('to-come')),
          put(repository, `0-behind-${round}`, contentOf('behind')),
          put(repository, `${next}-ahead`, contentOf('ahead')),
        ])
      }
      t.same(given, given.toSorted(), 'it is in order')
      t.equal(new Set(given).size, given.length, 'none comes twice')
      return ids.filter((workspaceId) => !given.includes(workspaceId))
    }
    const missed = await store.listed(scan, (missed) => missed.length === 0)
    t.same(missed, [], 'none is missed')
  },

  'a scan ends without an error when its signal aborts': async (t, store) => {
    const { repository } = store
    await putNew(repository, numbered('w', 40))
    t.same(await idsOf(repository, { signal: AbortSignal.abort() }), [], 'at once if it has aborted already')
    const scan = async () => {
      const controller = new AbortController()
      const given: WorkspaceId[] = []
      for await (const { workspaceId } of repository.scan({ signal: controller.signal })) {
        given.push(workspaceId)
        if (given.length === 3) controller.abort()
      }
      return given
    }
    const given = await store.listed(scan, (given) => given.length >= 3)
    t.equal(given.length, 3, 'it gives nothing more after that')
  },
}

async function idsOf(repository: PhotoRepository, options: ScanOptions): Promise<WorkspaceId[]> {
  return (await all(repository.scan(options))).map(({ workspaceId }) => workspaceId)
}

/** The same ids in another order, always the same one: far apart comes together, and nothing comes in order. */
const shuffled = (ids: readonly WorkspaceId[]): WorkspaceId[] => ids.map(reversed).toSorted().map(reversed)

const reversed = (text: string): string => [...text].reverse().join('')
