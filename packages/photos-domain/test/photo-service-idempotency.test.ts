import { encodePhotos, encodeReceipts, fingerprintOf, PhotoService } from 'photos-domain'
import t from 'tap'
import { codeOf, faultsOf, photoOf, storedPhotos } from './support.js'
import { TestRepository } from './test-repository.js'

const newPhoto = { url: 'https://pictures.example/1.jpg', description: 'new' }
const other = { ...newPhoto, description: 'other' }
const HOUR_MS = 60 * 60 * 1000

/** The record of a photo that was added with the key `k` so long ago. */
async function addedBefore(ageMs: number): Promise<{ repository: TestRepository; version: string }> {
  const repository = new TestRepository()
  const receipt = {
    key: 'k',
    fingerprint: await fingerprintOf(newPhoto),
    photoId: 'old',
    at: Date.now() - ageMs,
  }
  const photos = encodePhotos([{ id: 'old', ...newPhoto }])
  return { repository, version: repository.put('acme', { photos, receipts: encodeReceipts([receipt]) }) }
}

t.test('the same key with the same photo makes one photo and gives the same answer', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository)
  const first = await service.add('acme', newPhoto, { idempotencyKey: 'k' })
  t.notOk(first.replayed)
  const reordered = { description: newPhoto.description, url: newPhoto.url }
  const again = await service.add('acme', reordered, { idempotencyKey: 'k' })
  t.strictSame(again, { ...first, replayed: true })
  t.equal(repository.writeAttempts, 1)
  t.strictSame(storedPhotos(repository, 'acme'), [first.photo])
})

t.test('the same key with another photo is refused', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository)
  const { photo } = await service.add('acme', newPhoto, { idempotencyKey: 'k' })
  t.equal(await codeOf(() => service.add('acme', other, { idempotencyKey: 'k' })), 'IDEMPOTENCY_KEY_REUSED')
  t.strictSame(storedPhotos(repository, 'acme'), [photo])
})

t.test('other keys, no key, and the same key in another workspace make photos of their own', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository)
  const added = [
    await service.add('acme', newPhoto, { idempotencyKey: 'k' }),
    await service.add('acme', newPhoto, { idempotencyKey: 'K' }),
    await service.add('acme', newPhoto),
    await service.add('globex', newPhoto, { idempotencyKey: 'k' }),
  ]
  t.equal(new Set(added.map(({ photo }) => photo.id)).size, 4)
  t.notOk(added.some(({ replayed }) => replayed))
})

t.test('one key sent many times at once to two services makes one photo', async (t) => {
  const repository = new TestRepository()
  const services = [new PhotoService(repository), new PhotoService(repository)]
  const added = await Promise.all(
    Array.from({ length: 10 }, () =>
      services.map((service) => service.add('acme', newPhoto, { idempotencyKey: 'k' })),
    ).flat(),
  )
  t.equal(new Set(added.map(({ photo }) => photo.id)).size, 1)
  t.equal(added.filter(({ replayed }) => !replayed).length, 1)
  t.equal(storedPhotos(repository, 'acme').length, 1)
})

t.test('one key sent with two photos at once to two services makes the one that came first', async (t) => {
  const repository = new TestRepository()
  const outcomes = await Promise.allSettled(
    [newPhoto, other].map((photo) =>
      new PhotoService(repository).add('acme', photo, { idempotencyKey: 'k' }),
    ),
  )
  const rejected = outcomes.filter((outcome) => outcome.status === 'rejected')
  t.match(rejected, [{ reason: { code: 'IDEMPOTENCY_KEY_REUSED' } }])
  t.equal(rejected.length, 1)
  t.equal(storedPhotos(repository, 'acme').length, 1)
})

t.test(
  'a replay tells the photo that was made, and no version once that photo was changed or removed',
  async (t) => {
    const repository = new TestRepository()
    const service = new PhotoService(repository)
    const { photo } = await service.add('acme', newPhoto, { idempotencyKey: 'k' })
    await service.update('acme', photo.id, { description: 'changed' })
    const expected = { photo, version: undefined, replayed: true }
    t.strictSame(await service.add('acme', newPhoto, { idempotencyKey: 'k' }), expected)
    await service.remove('acme', photo.id)
    t.strictSame(await service.add('acme', newPhoto, { idempotencyKey: 'k' }), expected)
    t.strictSame(storedPhotos(repository, 'acme'), [], 'a replay brings nothing back')
  },
)

t.test('a replay after other writes tells the version there is now', async (t) => {
  const service = new PhotoService(new TestRepository())
  const { photo } = await service.add('acme', newPhoto, { idempotencyKey: 'k' })
  const { version } = await service.add('acme', other)
  t.strictSame(await service.add('acme', newPhoto, { idempotencyKey: 'k' }), {
    photo,
    version,
    replayed: true,
  })
})

t.test('a replay is answered though its condition no longer holds and the workspace is full', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository, { maxPhotosPerWorkspace: 1 })
  const options = { idempotencyKey: 'k', ifMatch: ['0'] }
  const first = await service.add('acme', newPhoto, options)
  t.strictSame(await service.add('acme', newPhoto, options), { ...first, replayed: true })
})

t.test('a request that failed leaves its key free', async (t) => {
  const service = new PhotoService(new TestRepository())
  const stale = { idempotencyKey: 'k', ifMatch: ['999'] }
  t.equal(await codeOf(() => service.add('acme', newPhoto, stale)), 'PRECONDITION_FAILED')
  t.notOk((await service.add('acme', other, { idempotencyKey: 'k' })).replayed)
})

t.test('keys outlast every other write to the workspace', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository)
  const { photo } = await service.add('acme', newPhoto, { idempotencyKey: 'k' })
  await service.add('acme', other)
  await service.update('acme', photo.id, other)
  await service.remove('acme', photo.id)
  await service.clear('acme')
  t.ok((await service.add('acme', newPhoto, { idempotencyKey: 'k' })).replayed)
})

t.test('a workspace remembers its latest keys and forgets the oldest', async (t) => {
  const service = new PhotoService(new TestRepository(), { maxReceipts: 2 })
  for (const idempotencyKey of ['a', 'b', 'c']) await service.add('acme', newPhoto, { idempotencyKey })
  t.ok((await service.add('acme', newPhoto, { idempotencyKey: 'b' })).replayed)
  t.ok((await service.add('acme', newPhoto, { idempotencyKey: 'c' })).replayed)
  t.notOk((await service.add('acme', newPhoto, { idempotencyKey: 'a' })).replayed)
})

t.test('a workspace remembers 32 keys unless the service is told otherwise', async (t) => {
  const service = new PhotoService(new TestRepository())
  for (let i = 0; i < 33; i++) await service.add('acme', newPhoto, { idempotencyKey: `key ${i}` })
  t.ok((await service.add('acme', newPhoto, { idempotencyKey: 'key 1' })).replayed)
  t.notOk((await service.add('acme', newPhoto, { idempotencyKey: 'key 0' })).replayed)
})

t.test('a key is remembered for 24 hours', async (t) => {
  const young = await addedBefore(23 * HOUR_MS)
  t.strictSame(await new PhotoService(young.repository).add('acme', newPhoto, { idempotencyKey: 'k' }), {
    photo: { id: 'old', ...newPhoto },
    version: young.version,
    replayed: true,
  })
  const old = await addedBefore(24 * HOUR_MS)
  const service = new PhotoService(old.repository)
  t.notOk((await service.add('acme', newPhoto, { idempotencyKey: 'k' })).replayed)
  t.equal(storedPhotos(old.repository, 'acme').length, 2)
  t.ok((await service.add('acme', newPhoto, { idempotencyKey: 'k' })).replayed, 'the new receipt counts')
})

t.test('an expired key is free for another photo, and its time can be set', async (t) => {
  const { repository } = await addedBefore(2 * HOUR_MS)
  const service = new PhotoService(repository, { receiptMaxAgeMs: HOUR_MS })
  t.notOk((await service.add('acme', other, { idempotencyKey: 'k' })).replayed)
  t.equal(
    await codeOf(() => service.add('acme', newPhoto, { idempotencyKey: 'k' })),
    'IDEMPOTENCY_KEY_REUSED',
  )
})

t.test('receipts are in the record only where keys are used', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository)
  await service.add('acme', newPhoto)
  t.equal(repository.records.get('acme')?.receipts, undefined)
  await service.add('acme', newPhoto, { idempotencyKey: 'k' })
  t.type(repository.records.get('acme')?.receipts, Uint8Array)
})

t.test('a key is 1 to 255 printable ASCII characters', async (t) => {
  const repository = new TestRepository()
  repository.put('acme', { photos: encodePhotos([photoOf('a')]) })
  const service = new PhotoService(repository)
  for (const idempotencyKey of ['', 'k'.repeat(256), 'é', 'a\nb', 'a\u0000', '\u007f', '\ud800']) {
    t.strictSame(await faultsOf(() => service.add('acme', newPhoto, { idempotencyKey })), [
      'Idempotency-Key must be 1 to 255 printable ASCII characters',
    ])
  }
  t.equal(repository.reads.length, 0)
  for (const idempotencyKey of [' ', '~', 'k'.repeat(255), '"8e03978e-40d5-43dd-bc93-6894a57f9324"']) {
    await service.add('acme', newPhoto, { idempotencyKey })
    t.ok((await service.add('acme', newPhoto, { idempotencyKey })).replayed)
  }
})
