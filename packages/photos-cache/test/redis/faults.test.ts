import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from 'photos-test-servers'
import t, { type Test } from 'tap'
import { isTrusted, openCache, until, untilTrusted, write } from './support.js'

const hitInRedis = 'photos; hit; detail=redis'

async function openRedis(
  t: Test,
  settings?: Record<string, string>,
): Promise<{ server: RedisServer; client: Redis }> {
  const server = await startRedis({ settings })
  t.teardown(() => server.close())
  const client = new Redis(server.url, { maxRetriesPerRequest: null })
  client.on('error', () => {})
  t.teardown(() => client.disconnect())
  return { server, client }
}

t.test('a record is shared through a real Redis, and a write announced through it', async (t) => {
  const { server } = await openRedis(t)
  const one = openCache(t, { redis: server.url })
  const two = openCache(t, { redis: server.url }, one.store)
  await Promise.all([untilTrusted(one), untilTrusted(two)])
  const version = await write(one.cache, 'w', 'first')
  await until('the other one has heard', () => two.cache.metrics().redis?.announcementsHeard === 1)
  const { reads } = one.store
  t.match(await two.cache.read('w'), { version, cacheStatus: hitInRedis })
  const newer = await write(one.cache, 'w', 'second')
  const readsOfWriter = one.store.reads
  await until('the other one has heard', () => two.cache.metrics().redis?.announcementsHeard === 2)
  t.match(await two.cache.read('w'), { version: newer, cacheStatus: hitInRedis })
  t.equal(readsOfWriter - reads, 1, 'the writer read the store once')
  t.equal(one.store.reads, readsOfWriter, 'the reader never did')
})

t.test('whatever is found at a key that is no entry counts as a miss', async (t) => {
  const { server, client } = await openRedis(t)
  const under = openCache(t, { redis: server.url, memoryBytes: 0 })
  await untilTrusted(under)
  const version = await write(under.cache, 'w', 'kept')
  await until('it is stored', async () => (await under.cache.read('w')).cacheStatus === hitInRedis)
  const entry = await client.getBuffer('photos:w:w')
  const ofOtherFormat = Buffer.from(entry ?? '')
  ofOtherFormat.write('P2')
  const garbage: Readonly<Record<string, () => Promise<unknown>>> = {
    'another format': () => client.set('photos:w:w', ofOtherFormat),
    'a part of an entry': () => client.set('photos:w:w', Buffer.from(entry ?? '').subarray(0, -5)),
    'a header alone': () => client.set('photos:w:w', Buffer.from(entry ?? '').subarray(0, 58)),
    text: () => client.set('photos:w:w', '[{"id":"p"}]'),
    nothing: () => client.set('photos:w:w', ''),
    'an entry of another run of the server': () =>
      client.set('photos:w:w', Buffer.from(entry ?? '').fill('0', 19, 35)),
    'a list': () => client.lpush('photos:w:w', 'x'),
    'a hash': () => client.hset('photos:w:w', 'x', 'y'),
    'a stream': () => client.xadd('photos:w:w', '*', 'x', 'y'),
  }
  for (const [what, put] of Object.entries(garbage)) {
    await client.del('photos:w:w')
    await put()
    const record = await under.cache.read('w')
    t.match(record, { version, cacheStatus: 'photos; fwd=uri-miss; stored' }, what)
    await until('it was put right', async () => (await under.cache.read('w')).cacheStatus === hitInRedis)
  }
  t.equal(under.cache.metrics().redis?.failures, 0)
  t.same(under.logged, ['cache: the Redis tier is in use'])
})

t.test('garbage on the bus is not heard', async (t) => {
  const { server, client } = await openRedis(t)
  const under = openCache(t, { redis: server.url })
  await untilTrusted(under)
  const version = await write(under.cache, 'w', 'kept')
  for (const message of ['', ' ', 'w', 'w  ', 'w 9 9', ' 9', '{}'])
    await client.publish('photos:changes', message)
  await client.publish('photos:changes', 'w 999')
  await until('the one that is well-formed was heard', async () => {
    return under.cache.metrics().redis?.announcementsHeard === 2
  })
  t.match(await under.cache.read('other'), { version: '0' })
  const read = async () => under.cache.read('w', { fresh: true })
  await t.rejects(
    read(),
    { code: 'REPOSITORY_UNAVAILABLE' },
    'it names a version that the store does not have',
  )
  t.equal(version, '1')
})

t.test('a Redis that is not there is no error to anyone, and is used once it is', async (t) => {
  const { server } = await openRedis(t)
  await server.kill()
  const under = openCache(t, { redis: server.url })
  const version = await write(under.cache, 'w', 'written without')
  t.match(await under.cache.read('w'), { version })
  await until('it was noticed', () => under.logged.length === 1)
  await server.start()
  await untilTrusted(under)
  t.same(under.logged, ['cache: the Redis tier is out', 'cache: the Redis tier is in use'])
})

t.test('a Redis that was killed is no error to anyone, and comes back', async (t) => {
  const { server } = await openRedis(t)
  const one = openCache(t, { redis: server.url })
  const two = openCache(t, { redis: server.url, memoryBytes: 0 }, one.store)
  await Promise.all([untilTrusted(one), untilTrusted(two)])
  await write(one.cache, 'w', 'before')
  for (let round = 0; round < 3; round++) {
    await server.kill()
    const version = await write(one.cache, 'w', `without Redis, ${round}`)
    t.match(await one.cache.read('w'), { version })
    await until('the other one has heard', async () => (await two.cache.read('w')).version === version)
    await server.start()
    await Promise.all([untilTrusted(one), untilTrusted(two)])
    await until('Redis answers again', async () => (await two.cache.read('w')).cacheStatus === hitInRedis)
    t.match(await two.cache.read('w'), { version })
  }
  for (const { cache } of [one, two]) t.equal(cache.metrics().store.staleAnswers, 0)
})

t.test('a Redis that hangs costs a bounded wait, then none', async (t) => {
  const { server } = await openRedis(t)
  const under = openCache(t, { redis: server.url, memoryBytes: 0, redisTimeoutMs: 50 })
  await untilTrusted(under)
  await write(under.cache, 'w', 'before')
  server.pause()
  t.teardown(() => server.resume())
  for (let at = 0; at < 200; at++) t.match(await under.cache.read(`w${at}`), { version: '0' })
  const version = await write(under.cache, 'w', 'while it hangs')
  const { redis } = under.cache.metrics()
  t.ok((redis?.timeouts ?? 0) >= 3, 'some calls were given up')
  t.ok((redis?.timeouts ?? 0) <= 20, `and then none were made: ${redis?.timeouts}`)
  server.resume()
  await untilTrusted(under)
  await until('what was written meanwhile was told', async () => under.cache.metrics().redis?.unsettled === 0)
  t.match(await under.cache.read('w'), { version })
})

t.test('a Redis that is full still answers what it has, and never what is out of date', async (t) => {
  const { server, client } = await openRedis(t, { 'maxmemory-policy': 'noeviction' })
  const under = openCache(t, { redis: server.url, memoryBytes: 0 })
  await untilTrusted(under)
  for (const id of ['a', 'b']) await write(under.cache, id, 'before')
  await until('it is stored', async () => (await under.cache.read('b')).cacheStatus === hitInRedis)
  await client.config('SET', 'maxmemory', '1')
  const version = await write(under.cache, 'a', 'when it was full')
  t.match(await under.cache.read('a'), { version })
  t.match(await under.cache.read('b'), { version: '2', cacheStatus: hitInRedis }, 'what it has')
  t.match(await under.cache.read('c'), { version: '0' })
  t.equal(await client.exists('photos:w:a'), 0, 'the older record is gone')
  t.equal(isTrusted(under), true)
  await client.config('SET', 'maxmemory', '0')
  await until('it takes records again', async () => (await under.cache.read('a')).cacheStatus === hitInRedis)
})

t.test('a Redis that takes no writes, as one that was demoted, is taken out', async (t) => {
  const { server, client } = await openRedis(t)
  const under = openCache(t, { redis: server.url, memoryBytes: 0 })
  await untilTrusted(under)
  await write(under.cache, 'w', 'before')
  await client.replicaof('127.0.0.1', 1)
  for (let at = 0; at < 3; at++) {
    const version = await write(under.cache, 'w', `after it was demoted, ${at}`)
    t.match(await under.cache.read('w'), { version })
  }
  await until('it was noticed', () => under.logged.includes('cache: the Redis tier is out'))
  await client.replicaof('NO', 'ONE')
  await untilTrusted(under)
  t.match(await under.cache.read('w'), { version: '4' })
})

t.test('scripts and everything else may be flushed', async (t) => {
  const { server, client } = await openRedis(t)
  const under = openCache(t, { redis: server.url, memoryBytes: 0 })
  await untilTrusted(under)
  const version = await write(under.cache, 'w', 'kept')
  for (let round = 0; round < 3; round++) {
    await client.script('FLUSH')
    await client.flushall()
    t.match(await under.cache.read('w'), { version })
    await until('it is stored again', async () => (await under.cache.read('w')).cacheStatus === hitInRedis)
  }
  t.equal(under.cache.metrics().redis?.breaker, 'closed')
})

t.test('a password, a database and TLS are a matter of the URL', async (t) => {
  const { server } = await openRedis(t, { requirepass: 'secret' })
  const wrong = openCache(t, { redis: server.url })
  await until('it was refused', () => wrong.logged.includes('cache: the Redis tier is out'))
  t.match(await wrong.cache.read('w'), { version: '0' })
  const right = openCache(t, { redis: `redis://:secret@127.0.0.1:${server.port}/3` })
  await untilTrusted(right)
})
