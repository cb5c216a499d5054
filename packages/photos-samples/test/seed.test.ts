import { createMemoryStore, type MemoryStore } from 'photos-contract'
import { NEVER_WRITTEN, PhotosError } from 'photos-domain'
import {
  MAX_CONCURRENCY,
  type SeedProgress,
  sampleContent,
  sampleWorkspaceId,
  seedWorkspaces,
} from 'photos-samples'
import t, { type Test } from 'tap'

const fastRetry = { baseDelayMs: 1, maxDelayMs: 5 }

/** Checks that the store holds exactly the sample workspaces with the indexes 0 to one less than `count`. */
async function holdsExactly(t: Test, store: MemoryStore, count: number, seed?: number): Promise<void> {
  let index = 0
  for await (const { workspaceId, record } of store.handle().scan()) {
    const same = Buffer.compare(record.photos, sampleContent(index, seed).photos) === 0
    if (!same || workspaceId !== sampleWorkspaceId(index)) t.fail(`${workspaceId} is not sample ${index}`)
    index++
  }
  t.equal(index, count)
}

/** Options that abort the seeding as soon as its progress is such. */
const progressUntil = (stop: (progress: SeedProgress) => boolean) => {
  const controller = new AbortController()
  return {
    signal: controller.signal,
    onProgress: (progress: SeedProgress) => {
      if (stop(progress)) controller.abort()
    },
  }
}

t.test('an empty store is filled with the sample workspaces of the seed', async (t) => {
  const store = createMemoryStore()
  const result = await seedWorkspaces(store.handle(), { workspaces: 1000, seed: 9 })
  t.strictSame(result, { written: 1000, skipped: 0 })
  await holdsExactly(t, store, 1000, 9)
})

t.test('no workspaces at all is nothing to do', async (t) => {
  const store = createMemoryStore()
  t.strictSame(await seedWorkspaces(store.handle(), { workspaces: 0 }), { written: 0, skipped: 0 })
  t.equal(store.writes, 0)
})

t.test('what is there is skipped and left as it is, and more workspaces are added to it', async (t) => {
  const store = createMemoryStore()
  await seedWorkspaces(store.handle(), { workspaces: 100 })
  t.strictSame(await seedWorkspaces(store.handle(), { workspaces: 100, seed: 2 }), {
    written: 0,
    skipped: 100,
  })
  await holdsExactly(t, store, 100)
  t.strictSame(await seedWorkspaces(store.handle(), { workspaces: 150 }), { written: 50, skipped: 100 })
  await holdsExactly(t, store, 150)
})

t.test('as many writes are in flight as the concurrency says, and no more', async (t) => {
  let inFlight = 0
  let most = 0
  const store = createMemoryStore({
    beforeWrite: () => {
      most = Math.max(most, ++inFlight)
      return new Promise((resolve) => setImmediate(resolve))
    },
    afterWrite: async () => {
      inFlight--
    },
  })
  await seedWorkspaces(store.handle(), { workspaces: 200, concurrency: 16 })
  t.equal(most, 16)
  await holdsExactly(t, store, 200)
})

t.test(
  'an abort stops it once the writes in flight have ended; the same call then goes on from there',
  async (t) => {
    let inFlight = 0
    const store = createMemoryStore({
      beforeWrite: () => {
        inFlight++
        return new Promise((resolve) => setImmediate(resolve))
      },
      afterWrite: async () => {
        inFlight--
      },
    })
    const workspaces = 10_000
    const first = await seedWorkspaces(store.handle(), {
      workspaces,
      concurrency: 64,
      ...progressUntil(({ done }) => done >= 6000),
    })
    t.equal(inFlight, 0)
    t.ok(first.written >= 6000 && first.written < workspaces, `${first.written} written`)
    await holdsExactly(t, store, first.written)

    const writesBefore = store.writes
    const second = await seedWorkspaces(store.handle(), { workspaces })
    t.strictSame(second, { written: workspaces - first.written, skipped: first.written })
    t.equal(
      store.writes - writesBefore,
      workspaces - first.written + MAX_CONCURRENCY,
      'it did not start anew',
    )
    await holdsExactly(t, store, workspaces)
  },
)

t.test('whatever a killed run left of its last writes, the next one finds every gap', async (t) => {
  const workspaces = 2 * MAX_CONCURRENCY + 500
  const patterns: Record<string, (ahead: number) => boolean> = {
    'only the furthest': (ahead) => ahead === MAX_CONCURRENCY - 1,
    'all but the first': (ahead) => ahead > 0,
    'every other': (ahead) => ahead % 2 === 1,
  }
  for (const [name, wasWritten] of Object.entries(patterns)) {
    for (const complete of [0, MAX_CONCURRENCY + 77]) {
      const store = createMemoryStore()
      const repository = store.handle()
      for (let index = 0; index < complete + MAX_CONCURRENCY; index++) {
        if (index >= complete && !wasWritten(index - complete)) continue
        await repository.write(sampleWorkspaceId(index), sampleContent(index), NEVER_WRITTEN)
      }
      const { written, skipped } = await seedWorkspaces(repository, { workspaces })
      const { workspaces: held } = await repository.status()
      t.equal(held, workspaces, `${name} after ${complete}`)
      t.equal(written + skipped, workspaces)
    }
  }
})

t.test('with fillGaps also those are found that were never written in order', async (t) => {
  const store = createMemoryStore()
  const repository = store.handle()
  const workspaces = 3 * MAX_CONCURRENCY
  for (let index = 1; index < workspaces; index++) {
    await repository.write(sampleWorkspaceId(index), sampleContent(index), NEVER_WRITTEN)
  }
  const result = await seedWorkspaces(repository, { workspaces, fillGaps: true })
  t.strictSame(result, { written: 1, skipped: workspaces - 1 })
  await holdsExactly(t, store, workspaces)
})

t.test('an outage is waited out', async (t) => {
  const store = createMemoryStore()
  let told = 0
  const result = await seedWorkspaces(store.handle(), {
    workspaces: 3000,
    concurrency: 32,
    retry: fastRetry,
    onProgress: () => {
      if (++told !== 3) return
      store.goDown()
      setImmediate(() => store.comeBack())
    },
  })
  t.strictSame(result, { written: 3000, skipped: 0 })
  await holdsExactly(t, store, 3000)
})

t.test('a write whose answer was lost counts as written, not as there already', async (t) => {
  const store = createMemoryStore()
  store.loseAnswers()
  const workspaces = 20
  const seeding = seedWorkspaces(store.handle(), {
    workspaces,
    fillGaps: true,
    retry: fastRetry,
  })
  // Whoever writes a second time has lost the answer to the first.
  while (store.writes <= workspaces) await new Promise((resolve) => setImmediate(resolve))
  store.deliverAnswers()
  t.strictSame(await seeding, { written: workspaces, skipped: 0 })
  await holdsExactly(t, store, workspaces)
})

t.test(
  'an outage that does not end fails it, with how far it got; the same call goes on later',
  async (t) => {
    const store = createMemoryStore()
    const seeding = seedWorkspaces(store.handle(), {
      workspaces: 3000,
      concurrency: 32,
      retry: { ...fastRetry, forMs: 20 },
      onProgress: ({ done }) => {
        if (done >= 512) store.goDown()
      },
    })
    const error = await seeding.then(
      () => undefined,
      (error: unknown) => error,
    )
    t.match(error, { name: 'SeedError', cause: { code: 'REPOSITORY_UNAVAILABLE' } })
    t.match(error, { message: /^seeding stopped at \d+ of 3000 workspaces: the store is down$/ })
    store.comeBack()
    const { workspaces: held } = await store.handle().status()
    t.match(error, { progress: { written: held, skipped: 0, total: 3000 } })
    t.ok(held >= 512 && held < 3000)
    await seedWorkspaces(store.handle(), { workspaces: 3000 })
    await holdsExactly(t, store, 3000)
  },
)

t.test('an abort ends the waiting for a store that is away', async (t) => {
  const store = createMemoryStore()
  const controller = new AbortController()
  const seeding = seedWorkspaces(store.handle(), {
    workspaces: 100,
    signal: controller.signal,
    retry: { baseDelayMs: 3_600_000, maxDelayMs: 3_600_000, forMs: Number.POSITIVE_INFINITY },
    onProgress: () => store.goDown(),
  })
  while (store.writes < 100) await new Promise((resolve) => setImmediate(resolve))
  controller.abort()
  t.strictSame(await seeding, { written: 0, skipped: 0 })
})

t.test('an error that time does not heal fails it at once', async (t) => {
  const attempts = new Map<string, number>()
  const store = createMemoryStore({
    beforeWrite: async (workspaceId) => {
      attempts.set(workspaceId, (attempts.get(workspaceId) ?? 0) + 1)
      if (workspaceId === sampleWorkspaceId(40)) throw new PhotosError('CREDENTIALS_REFUSED', 'who are you?')
    },
  })
  await t.rejects(seedWorkspaces(store.handle(), { workspaces: 1000, concurrency: 8 }), {
    message: 'seeding stopped at 40 of 1000 workspaces: who are you?',
    progress: { done: 40 },
  })
  t.equal(attempts.get(sampleWorkspaceId(40)), 1)
  t.ok(attempts.size <= 48, 'nothing was started after the failure')
})

t.test('a failure ends the waiting of the other writes', async (t) => {
  const store = createMemoryStore({
    beforeWrite: async (workspaceId) => {
      if (workspaceId === sampleWorkspaceId(9)) throw new PhotosError('CREDENTIALS_REFUSED', 'who are you?')
      throw new PhotosError('REPOSITORY_OVERLOADED', 'later, please')
    },
  })
  const seeding = seedWorkspaces(store.handle(), {
    workspaces: 10,
    retry: { baseDelayMs: 3_600_000, maxDelayMs: 3_600_000, forMs: Number.POSITIVE_INFINITY },
  })
  await t.rejects(seeding, { name: 'SeedError', cause: { code: 'CREDENTIALS_REFUSED' } })
})

t.test('progress only ever grows and ends with all there is', async (t) => {
  const store = createMemoryStore()
  await seedWorkspaces(store.handle(), { workspaces: 500 })
  const told: SeedProgress[] = []
  await seedWorkspaces(store.handle(), { workspaces: 6000, onProgress: (progress) => told.push(progress) })
  t.ok(told.length > 5)
  told.reduce((before, after) => {
    t.ok(after.done >= before.done && after.written >= before.written && after.skipped >= before.skipped)
    return after
  })
  t.strictSame(told.at(-1), { done: 6000, total: 6000, written: 5500, skipped: 500 })
})

t.test('options out of range are refused', async (t) => {
  const repository = createMemoryStore().handle()
  const wrong: [string, object][] = [
    ['workspaces', { workspaces: -1 }],
    ['workspaces', { workspaces: 1.5 }],
    ['workspaces', { workspaces: 1e9 + 1 }],
    ['concurrency', { workspaces: 1, concurrency: 0 }],
    ['concurrency', { workspaces: 1, concurrency: MAX_CONCURRENCY + 1 }],
    ['seed', { workspaces: 1, seed: 0.5 }],
  ]
  for (const [name, options] of wrong) {
    const seeding = seedWorkspaces(repository, { workspaces: 1, ...options })
    await t.rejects(seeding, { name: 'RangeError', message: new RegExp(`^${name} must be`) })
  }
})
