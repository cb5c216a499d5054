import { TokenBucket } from 'photos-cache'
import { test } from 'tap'
import { readOptionsOf } from '../dist/http/records.js'
import { addPhoto, LIST, PHOTO } from './helpers/app.js'
import { openConfigured, openDatabase, openRedis, until, untilShared } from './helpers/cached-app.js'

const HIT_IN_MEMORY = 'photos; hit; detail=memory'
const HIT_IN_REDIS = 'photos; hit; detail=redis'

test('Cache-Status tells a miss from a hit, and a write is seen at once', async (t) => {
  const app = await openConfigured(t, { COUCHDB_URL: await openDatabase(t) })
  const status = async (url = LIST) => (await app.inject(url)).headers['cache-status']
  t.equal(await status(), 'photos; fwd=uri-miss; stored')
  await until('a hit', async () => (await status()) === HIT_IN_MEMORY)

  const { id, etag, path } = await addPhoto(app)
  const answer = await app.inject(LIST)
  t.match(answer.json(), [{ id, ...PHOTO }])
  t.equal(answer.headers.etag, etag)
  await until('a hit for the photo, from the same entry', async () => (await status(path)) === HIT_IN_MEMORY)
  await until('a hit that the client has already', async () => {
    const { statusCode, headers } = await app.inject({ url: path, headers: { 'if-none-match': etag } })
    t.equal(statusCode, 304)
    return headers['cache-status'] === HIT_IN_MEMORY
  })
})

test('what one replica read or wrote, another one finds in Redis', async (t) => {
  const redis = await openRedis(t)
  const env = { COUCHDB_URL: await openDatabase(t), REDIS_URL: redis.url }
  const writer = await openConfigured(t, env)
  const reader = await openConfigured(t, { ...env, PHOTOS_CACHE_MEMORY_MB: '0' })
  await Promise.all([untilShared(writer), untilShared(reader)])
  const { id } = await addPhoto(writer)
  await until('a hit in Redis', async () => {
    const { headers, body } = await reader.inject(LIST)
    return headers['cache-status'] === HIT_IN_REDIS && body.includes(id)
  })
  t.equal(reader.photoCache.metrics().memory.hits, 0, 'the in-process tier is off')

  const answer = await writer.inject({ method: 'DELETE', url: `/api/photos/acme/${id}` })
  t.equal(answer.statusCode, 204)
  await until('the other replica knows', async () => (await reader.inject(LIST)).body === '[]')
})

test('databases that share a Redis share nothing in it', async (t) => {
  const redis = await openRedis(t)
  const open = async () =>
    openConfigured(t, {
      COUCHDB_URL: await openDatabase(t),
      REDIS_URL: redis.url,
      PHOTOS_CACHE_MEMORY_MB: '0',
    })
  const [one, other] = [await open(), await open()]
  await Promise.all([untilShared(one), untilShared(other)])
  const { id } = await addPhoto(one)
  await until('the one is cached', async () => {
    const { headers } = await one.inject(LIST)
    return headers['cache-status'] === HIT_IN_REDIS
  })
  t.match((await one.inject(LIST)).body, id)
  t.equal((await other.inject(LIST)).body, '[]')
})

test('with the cache off, or an embedded store, every read is one of the store', async (t) => {
  const redis = await openRedis(t)
  const off = { COUCHDB_URL: await openDatabase(t), REDIS_URL: redis.url, PHOTOS_CACHE: 'off' }
  for (const env of [off, { REDIS_URL: redis.url, PHOTOS_DATA_DIR: t.testdir() }]) {
    const app = await openConfigured(t, env)
    t.equal(app.hasDecorator('photoCache'), false)
    const { id } = await addPhoto(app)
    for (let i = 0; i < 3; i++) {
      const { headers, body } = await app.inject(LIST)
      t.match(body, id)
      t.equal(headers['cache-status'], 'photos; fwd=bypass; detail=store')
    }
  }
})

test('whatever happens to Redis, requests are answered and the service is ready', async (t) => {
  const redis = await openRedis(t)
  const app = await openConfigured(t, { COUCHDB_URL: await openDatabase(t), REDIS_URL: redis.url })
  await untilShared(app)
  let photos = 0
  const serves = async (what: string) => {
    const written = await app.inject({ method: 'POST', url: LIST, payload: PHOTO })
    t.equal(written.statusCode, 201, what)
    photos++
    for (const path of [LIST, '/api/photos/workspace/never-read-before']) {
      t.equal((await app.inject(path)).statusCode, 200, what)
    }
    t.equal((await app.inject(LIST)).json().length, photos, what)
    t.equal((await app.inject('/health/ready')).statusCode, 200, what)
  }
  await serves('Redis is there')
  redis.pause()
  await serves('Redis hangs')
  redis.resume()
  await serves('Redis goes on')
  await redis.kill()
  await serves('Redis is dead')
  await until('the tier is out', () => app.photoCache.metrics().redis?.breaker === 'open')
  await serves('the tier is out')
  await redis.start()
  await serves('Redis is back')
  await untilShared(app)
  await serves('the tier is in use again')
})

test('Cache-Control: no-cache reads past every tier', async (t) => {
  const redis = await openRedis(t)
  const env = { COUCHDB_URL: await openDatabase(t), REDIS_URL: redis.url }
  const app = await openConfigured(t, env)
  const past = await openConfigured(t, { ...env, PHOTOS_CACHE: 'off' })
  await untilShared(app)
  for (let round = 0; round < 5; round++) {
    await app.inject(LIST)
    // Written past the cache, which hears of it only a moment later.
    const { id } = await addPhoto(past)
    const { headers, body } = await app.inject({ url: LIST, headers: { 'cache-control': 'no-cache' } })
    t.match(body, id)
    t.equal(headers['cache-status'], 'photos; fwd=request; stored')
  }
})

test('reads past the cache are rationed', async (t) => {
  let nowMs = 0
  const guard = new TokenBucket({ perSecond: 1, burst: 2 }, { now: () => nowMs })
  const asked = { headers: { 'cache-control': 'max-age=0, No-Cache' } }
  for (const expected of [{ fresh: true }, { fresh: true }, undefined]) {
    t.same(readOptionsOf(asked, guard), expected)
  }
  t.same(readOptionsOf(asked, undefined), { fresh: true }, 'without a cache there is nothing to guard')
  nowMs += 1000
  for (const value of [undefined, 'max-age=0', 'no-cachet']) {
    t.equal(readOptionsOf({ headers: { 'cache-control': value } }, guard), undefined)
  }
  t.same(readOptionsOf(asked, guard), { fresh: true }, 'others take no token')
})

test('/metrics counts what each tier answered, and times what was asked', async (t) => {
  const redis = await openRedis(t)
  const app = await openConfigured(t, { COUCHDB_URL: await openDatabase(t), REDIS_URL: redis.url })
  await untilShared(app)
  await app.inject(LIST)
  await until('a hit', async () => (await app.inject(LIST)).headers['cache-status'] === HIT_IN_MEMORY)
  const answer = await app.inject('/metrics')
  t.equal(answer.statusCode, 200)
  t.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/)
  const samples = samplesOf(answer.body)
  const { memory, redis: tier, store } = app.photoCache.metrics()
  t.equal(samples.get('photos_cache_reads_total{tier="memory",result="hit"}'), memory.hits)
  t.equal(samples.get('photos_cache_reads_total{tier="memory",result="miss"}'), memory.misses)
  t.equal(samples.get('photos_cache_reads_total{tier="redis",result="miss"}'), tier?.misses)
  t.equal(samples.get('photos_cache_store_reads_total'), store.reads)
  t.equal(samples.get('photos_cache_memory_max_bytes'), 64 * 1024 * 1024)
  t.equal(samples.get('photos_cache_redis_breaker{state="closed"}'), 1)
  t.equal(samples.get('photos_cache_redis_breaker{state="open"}'), 0)
  t.equal(samples.get('photos_cache_redis_trusted'), 1)
  const bucket = 'photos_cache_latency_seconds_bucket{tier="store",le='
  t.equal(samples.get(`${bucket}"+Inf"}`), store.latency.count)
  t.equal(samples.get('photos_cache_latency_seconds_count{tier="store"}'), store.latency.count)
  t.equal(samples.get('photos_cache_latency_seconds_sum{tier="store"}'), store.latency.sumMs / 1000)
  const counts = [...samples].filter(([name]) => name.startsWith(bucket)).map(([, value]) => value)
  t.same(
    counts,
    [...counts].sort((a, b) => a - b),
    'buckets are cumulative',
  )
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes']) {
    t.ok(Number(samples.get(name)) > 0, name)
  }

  const hits = memory.hits
  await until('another hit', async () => (await app.inject(LIST)).headers['cache-status'] === HIT_IN_MEMORY)
  const later = samplesOf((await app.inject('/metrics')).body)
  t.ok(Number(later.get('photos_cache_reads_total{tier="memory",result="hit"}')) > hits)
})

test('/metrics of a service without a cache is about the process alone', async (t) => {
  const app = await openConfigured(t, { PHOTOS_DATA_DIR: t.testdir() })
  const { body } = await app.inject('/metrics')
  t.match(body, /^process_cpu_seconds_total \d/m)
  t.notMatch(body, 'photos_cache')
})

/** Values by the name and labels of their sample. */
function samplesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const [, name = '', value] = /^(\S+) (\S+)$/.exec(line) ?? []
      return [name, Number(value)]
    }),
  )
}
