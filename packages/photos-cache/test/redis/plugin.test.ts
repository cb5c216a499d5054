import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { photosCache, redisConnection } from 'photos-cache'
import { createMemoryStore } from 'photos-contract'
import type { PhotoRepository } from 'photos-domain'
import { startRedis } from 'photos-test-servers'
import t, { type Test } from 'tap'
import { until, write } from './support.js'

/** An app with a store in memory, as photos-lmdb or photos-couchdb decorate theirs. */
function appWithStore(t: Test, repository: PhotoRepository = createMemoryStore().handle()): FastifyInstance {
  const app = Fastify()
  t.teardown(() => app.close())
  const photoStore = fp(
    async (fastify: FastifyInstance) => {
      fastify.addHook('onClose', () => repository.close())
      fastify.decorate('photoStore', repository)
    },
    { name: 'photo-store' },
  )
  app.register(photoStore)
  return app
}

t.test(
  'the plugin decorates the app with a cache around its store, and closes it with the app',
  async (t) => {
    const app = appWithStore(t)
    await app.register(photosCache, { memoryBytes: 1_000_000 })
    const version = await write(app.photoCache, 'w', 'kept')
    t.match(app.photoCache.read('w'), { version })
    t.match(await app.photoStore.read('w'), { version })
    t.equal(app.photoCache.metrics().redis, undefined, 'without Redis where there is none')
    const { photoCache } = app
    await app.close()
    await t.rejects(async () => photoCache.read('w'), { code: 'REPOSITORY_UNAVAILABLE' })
    await t.rejects(photoCache.write('w', { photos: Buffer.from('[]') }, version), {
      code: 'REPOSITORY_UNAVAILABLE',
    })
  },
)

t.test('the store is still open when the cache closes: writes under way are finished', async (t) => {
  const app = appWithStore(t)
  await app.register(photosCache)
  const writing = write(app.photoCache, 'w', 'just in time')
  const [version] = await Promise.all([writing, app.close()])
  t.equal(version, '1')
})

t.test('without a store the plugin is refused', async (t) => {
  const app = Fastify()
  await t.rejects(async () => app.register(photosCache).ready(), { message: /photo-store/ })
})

t.test('with @fastify/redis, Redis is where its client is', async (t) => {
  const server = await startRedis({ settings: { requirepass: 'secret' } })
  t.teardown(() => server.close())
  const app = appWithStore(t)
  await app.register(redisConnection, { url: `redis://:secret@127.0.0.1:${server.port}/2` })
  await app.register(photosCache)
  t.equal(app.hasPlugin('@fastify/redis'), true)
  await until('Redis is in use', () => app.photoCache.metrics().redis?.isTrusted === true)
  await write(app.photoCache, 'w', 'kept')
  t.equal(await app.redis.exists('photos:w:w'), 1, 'in the database that its URL names')
})

t.test('the app starts and serves while Redis is away, and uses it once it is there', async (t) => {
  const server = await startRedis()
  t.teardown(() => server.close())
  await server.kill()
  const app = appWithStore(t)
  await app.register(redisConnection, { url: server.url })
  await app.register(photosCache)
  await app.ready()
  const version = await write(app.photoCache, 'w', 'kept')
  t.match(await app.photoCache.read('w'), { version })
  await t.rejects(app.redis.ping())
  await server.start()
  await until('Redis is in use', () => app.photoCache.metrics().redis?.isTrusted === true)
  t.equal(await app.redis.ping(), 'PONG')
})

t.test('the app starts while the name of Redis is not known', async (t) => {
  const app = appWithStore(t)
  await app.register(redisConnection, { url: 'redis://no-such-host.invalid:6379' })
  await app.register(photosCache)
  await app.ready()
  t.match(await app.photoCache.read('w'), { version: '0' })
})

t.test('options out of range are refused', async (t) => {
  for (const [name, value] of Object.entries({
    memoryBytes: -1,
    maxStalenessMs: 0,
    redisTimeoutMs: Number.NaN,
  })) {
    await t.rejects(
      async () =>
        appWithStore(t)
          .register(photosCache, { [name]: value })
          .ready(),
      {
        name: 'RangeError',
        message: new RegExp(name),
      },
    )
  }
})
