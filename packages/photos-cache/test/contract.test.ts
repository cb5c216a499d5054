import { type CacheOptions, withCache } from 'photos-cache'
import { createMemoryStore, type RepositoryContractOptions, repositoryContract } from 'photos-contract'
import { startRedis } from 'photos-test-servers'
import t from 'tap'

const answersInOutage = 'what is cached is served for a while, marked stale'

/** The contract's options for the reference store with the cache around each of its repositories. */
function cachedMemory(
  options: CacheOptions,
  beforeEach: () => Promise<void> = async () => {},
): RepositoryContractOptions {
  return {
    open: async () => {
      await beforeEach()
      const store = createMemoryStore()
      return {
        repository: withCache(store.handle(), options),
        reopen: async () => withCache(store.handle(), options),
        outage: { begin: async () => store.goDown(), end: async () => store.comeBack() },
        lostAnswers: { begin: async () => store.loseAnswers(), end: async () => store.deliverAnswers() },
        dispose: async () => {},
      }
    },
    otherWritesSeenWithinMs: 1000,
    answersInOutage,
  }
}

t.test('with the in-process tier alone', (t) => repositoryContract(t, cachedMemory({})))

t.test('with Redis', async (t) => {
  const redis = await startRedis()
  t.teardown(() => redis.close())
  let stores = 0
  const options: CacheOptions = {
    redis: redis.url,
    get keyPrefix() {
      return `store-${stores}:`
    },
  }
  await repositoryContract(
    t,
    cachedMemory(options, async () => void stores++),
  )
})

t.test('with Redis alone', async (t) => {
  const redis = await startRedis()
  t.teardown(() => redis.close())
  let stores = 0
  const options: CacheOptions = {
    redis: redis.url,
    memoryBytes: 0,
    get keyPrefix() {
      return `store-${stores}:`
    },
  }
  await repositoryContract(
    t,
    cachedMemory(options, async () => void stores++),
  )
})

t.test('with a Redis that is not there', (t) =>
  repositoryContract(t, cachedMemory({ redis: 'redis://127.0.0.1:1' })),
)
