import { createMemoryStore } from 'photos-contract'
import { startRedis } from 'photos-test-servers'
import t from 'tap'
import { openCache, until, untilTrusted, write } from './support.js'

t.test('a thousand who want one cold workspace are one read of the store', async (t) => {
  const redis = await startRedis()
  t.teardown(() => redis.close())
  for (const options of [
    {},
    { redis: redis.url },
    { redis: redis.url, memoryBytes: 0, keyPrefix: 'other:' },
  ]) {
    const under = openCache(t, options)
    if ('redis' in options) await untilTrusted(under)
    const records = await Promise.all(Array.from({ length: 1000 }, () => under.cache.read('cold')))
    t.equal(under.store.reads, 1)
    t.equal(new Set(records).size, 1, 'all have the same record')
    t.equal(under.cache.metrics().store.joined, 999)
  }
})

t.test('a thousand who ask for a fresh read are two reads of the store', async (t) => {
  const under = openCache(t, {})
  await Promise.all(Array.from({ length: 1000 }, () => under.cache.read('w', { fresh: true })))
  t.equal(under.store.reads, 2)
})

t.test('who comes after a write never joins a read from before it', async (t) => {
  let letGo: () => void = () => {}
  let holds = false
  const store = createMemoryStore({
    afterRead: () => {
      if (!holds) return undefined
      holds = false
      return new Promise<void>((resolve) => {
        letGo = resolve
      })
    },
  })
  // Too large for the tier in process, so that nothing but the flight could be shared.
  const under = openCache(t, { memoryBytes: 0 }, store)
  const first = await write(under.cache, 'w', 'first')
  holds = true
  const early = under.cache.read('w')
  await until('it has been read', () => !holds)
  const second = await write(under.cache, 'w', 'second')
  const late = under.cache.read('w')
  letGo()
  t.equal((await early).version, first, 'who came before it may have either')
  t.equal((await late).version, second)
})

t.test('a hit is the very object that is kept: nothing is promised, parsed or copied', async (t) => {
  const { cache } = openCache(t, {})
  await write(cache, 'w', 'kept')
  const hit = cache.read('w')
  t.notOk(hit instanceof Promise)
  t.equal(cache.read('w'), hit)
  t.equal(cache.read('w', {}), hit)
  t.equal(cache.read('w', { signal: new AbortController().signal }), hit)
  t.match(hit, { cacheStatus: 'photos; hit; detail=memory' })
})

t.test('who gives up waiting leaves the others theirs', async (t) => {
  let letGo: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const { cache } = openCache(t, {}, createMemoryStore({ beforeRead: () => held }))
  const abort = new AbortController()
  const one = Promise.resolve(cache.read('w', { signal: abort.signal }))
  const other = cache.read('w')
  const gone = new Error('the client has gone')
  abort.abort(gone)
  await t.rejects(one, gone)
  letGo()
  t.match(await other, { version: '0' })
})
