import Fastify from 'fastify'
import { photosCouchdb } from 'photos-couchdb'
import { encodePhotos, isPhotosError, NEVER_WRITTEN } from 'photos-domain'
import t from 'tap'
import { couchdbOf, databaseOf, hash } from './test-database.js'

const couchdb = await couchdbOf(t)

t.test('the plugin opens the store for the app, and closes it with the app', async (t) => {
  const { urls } = await databaseOf(t, couchdb)
  const app = Fastify()
  await app.register(photosCouchdb, { urls })
  const { photoStore } = app
  const photos = encodePhotos([{ id: 'a', url: 'https://x.example', description: 'x' }])
  const version = await photoStore.write('acme', { photos }, NEVER_WRITTEN)
  t.equal((await photoStore.read('acme')).version, version)
  await app.close()
  const error = await (async () => photoStore.read('acme'))().catch((error: unknown) => error)
  t.ok(isPhotosError(error, 'REPOSITORY_UNAVAILABLE'))
})

t.test('the app starts while CouchDB is away', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(photosCouchdb, { urls: ['http://127.0.0.1:1/photos'], graceMs: 50 })
  await app.ready()
  const error = await app.photoStore.ready().catch((error: unknown) => error)
  t.ok(isPhotosError(error, 'REPOSITORY_UNAVAILABLE'))
})

t.test('a conflict is logged, and told to who wants to know', async (t) => {
  const database = await databaseOf(t, couchdb)
  const leaf = (digit: string) => ({ _id: 'w', _rev: `1-${hash(digit)}`, photos: [] })
  await database.replicate(leaf('a'), leaf('b'))
  const lines: string[] = []
  const app = Fastify({
    logger: { level: 'warn', stream: { write: (line: string) => void lines.push(line) } },
  })
  t.teardown(() => app.close())
  const told: string[] = []
  const onConflict = (workspaceId: string, losers: number) => void told.push(`${workspaceId} ${losers}`)
  await app.register(photosCouchdb, { urls: database.urls, onConflict })
  await app.photoStore.read('w')
  t.strictSame(told, ['w 1'])
  t.match(JSON.parse(lines[0] ?? '{}'), { workspaceId: 'w', losers: 1 })
})
