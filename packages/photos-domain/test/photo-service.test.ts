import {
  encodePhoto,
  encodePhotos,
  NEVER_WRITTEN,
  PhotoService,
  photoIn,
  repositoryUnavailable,
} from 'photos-domain'
import t from 'tap'
import { codeOf, errorOf, faultsOf, photoOf, storedPhotos } from './support.js'
import { TestRepository } from './test-repository.js'

const url = 'https://pictures.example/1.jpg'
const newPhoto = (description: string): { url: string; description: string } => ({ url, description })
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** A service over a repository whose workspace `acme` holds the photos `b` and `a`, newest first. */
function filled(): { repository: TestRepository; service: PhotoService; version: string } {
  const repository = new TestRepository()
  const version = repository.put('acme', { photos: encodePhotos([photoOf('b'), photoOf('a')]) })
  return { repository, service: new PhotoService(repository), version }
}

t.test('a workspace that was never written is listed as empty, at the version that says so', async (t) => {
  const record = await new PhotoService(new TestRepository()).list('acme')
  t.equal(Buffer.from(record.photos).toString(), '[]')
  t.equal(record.version, NEVER_WRITTEN)
})

t.test('a list is the record as the repository gives it, at once where it answers at once', (t) => {
  const { repository, service } = filled()
  t.equal(service.list('acme'), repository.records.get('acme'))
  const { signal } = new AbortController()
  service.list('acme', { fresh: true, signal })
  t.strictSame(repository.reads, [
    { workspaceId: 'acme', options: undefined },
    { workspaceId: 'acme', options: { fresh: true, signal } },
  ])
  t.end()
})

t.test('an added photo gets a UUID, is in front, and is told with the version that holds it', async (t) => {
  const { repository, service } = filled()
  const added = await service.add('acme', newPhoto('the newest'))
  t.match(added.photo.id, UUID)
  t.strictSame(added.photo, { id: added.photo.id, url, description: 'the newest' })
  t.equal(added.version, repository.records.get('acme')?.version)
  t.notOk(added.replayed)
  t.strictSame(storedPhotos(repository, 'acme'), [added.photo, photoOf('b'), photoOf('a')])
})

t.test('the first photo of a workspace is added to nothing', async (t) => {
  const repository = new TestRepository()
  const { photo } = await new PhotoService(repository).add('acme', newPhoto('the first'))
  t.strictSame(storedPhotos(repository, 'acme'), [photo])
})

t.test('photos added at once are all kept, in the order they came', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository)
  const names = Array.from({ length: 50 }, (_, i) => `photo ${i}`)
  await Promise.all(names.map((name) => service.add('acme', newPhoto(name))))
  const stored = storedPhotos(repository, 'acme')
  t.strictSame(
    stored.map(({ description }) => description),
    [...names].reverse(),
  )
  t.equal(new Set(stored.map(({ id }) => id)).size, 50)
  t.equal(repository.writeAttempts, 2, 'those that waited for the first were stored together')
})

t.test('an update changes the fields it has and leaves the photo in its place', async (t) => {
  const { repository, service } = filled()
  const first = await service.update('acme', 'a', { description: 'changed' })
  t.strictSame(first.photo, { ...photoOf('a'), description: 'changed' })
  const second = await service.update('acme', 'b', { url })
  t.strictSame(second.photo, { ...photoOf('b'), url })
  t.strictSame(storedPhotos(repository, 'acme'), [second.photo, first.photo])
  t.equal(second.version, repository.records.get('acme')?.version)
})

t.test('an update that changes nothing writes nothing and tells the version there is', async (t) => {
  const { repository, service, version } = filled()
  t.strictSame(await service.update('acme', 'a', { url: photoOf('a').url, description: 'photo a' }), {
    photo: photoOf('a'),
    version,
  })
  t.strictSame(await service.update('acme', 'a', { url: photoOf('a').url }), { photo: photoOf('a'), version })
  t.equal(repository.writeAttempts, 0)
})

t.test('a removed photo is gone and the others stay in order', async (t) => {
  const { repository, service } = filled()
  const { photo } = await service.add('acme', newPhoto('the newest'))
  const { version } = await service.remove('acme', 'b')
  t.strictSame(storedPhotos(repository, 'acme'), [photo, photoOf('a')])
  t.equal(version, repository.records.get('acme')?.version)
  t.equal(await codeOf(() => service.remove('acme', 'b')), 'PHOTO_NOT_FOUND')
})

t.test('clearing removes every photo in one write and keeps the record', async (t) => {
  const { repository, service, version } = filled()
  const cleared = await service.clear('acme')
  t.strictSame(storedPhotos(repository, 'acme'), [])
  t.equal(repository.writeAttempts, 1)
  t.equal(cleared.version, repository.records.get('acme')?.version)
  t.not(cleared.version, version)
})

t.test('clearing what is empty writes nothing, whether it was emptied or never written', async (t) => {
  const { repository, service } = filled()
  const { version } = await service.clear('acme')
  t.strictSame(await service.clear('acme'), { version })
  t.strictSame(await service.clear('never-written'), { version: NEVER_WRITTEN })
  t.equal(repository.writeAttempts, 1)
  t.notOk(repository.records.has('never-written'))
})

t.test('a photo that is not there cannot be changed or removed', async (t) => {
  const { repository, service } = filled()
  for (const workspaceId of ['acme', 'never-written']) {
    t.equal(await codeOf(() => service.update(workspaceId, 'c', { url })), 'PHOTO_NOT_FOUND')
    t.equal(await codeOf(() => service.remove(workspaceId, 'c')), 'PHOTO_NOT_FOUND')
  }
  t.equal(repository.writeAttempts, 0)
})

t.test('a full workspace takes no more photos until one is removed', async (t) => {
  const repository = new TestRepository()
  repository.put('acme', { photos: encodePhotos([photoOf('b'), photoOf('a')]) })
  const service = new PhotoService(repository, { maxPhotosPerWorkspace: 2 })
  t.equal(await codeOf(() => service.add('acme', newPhoto('one more'))), 'WORKSPACE_FULL')
  t.equal(repository.writeAttempts, 0)
  await service.update('acme', 'a', { url })
  await service.remove('acme', 'a')
  await service.add('acme', newPhoto('one more'))
  t.equal(storedPhotos(repository, 'acme').length, 2)
})

t.test('a workspace holds 1000 photos unless the service is told otherwise', async (t) => {
  const repository = new TestRepository()
  const photos = Array.from({ length: 999 }, (_, i) => photoOf(`photo${i}`))
  repository.put('acme', { photos: encodePhotos(photos) })
  const service = new PhotoService(repository)
  await service.add('acme', newPhoto('number 1000'))
  t.equal(await codeOf(() => service.add('acme', newPhoto('number 1001'))), 'WORKSPACE_FULL')
})

t.test('one photo is cut out of a record as the bytes to send', async (t) => {
  const { service } = filled()
  const record = await service.list('acme')
  t.strictSame(Buffer.from(photoIn(record, 'acme', 'a')), Buffer.from(encodePhoto(photoOf('a'))))
  t.equal(await codeOf(() => photoIn(record, 'acme', 'c')), 'PHOTO_NOT_FOUND')
  t.strictSame(await faultsOf(() => photoIn(record, 'acme', '_c')), [
    'id must be 1 to 64 of A-Z a-z 0-9 _ - and start with a letter or digit',
  ])
})

t.test('ids that are none never reach the repository', async (t) => {
  const { repository, service } = filled()
  for (const id of ['', '_design', 'a/b', '..', 'x_local/../..', 'workspace', 'x'.repeat(65)]) {
    for (const run of [
      () => service.list(id),
      () => service.add(id, newPhoto('new')),
      () => service.update(id, 'a', { url }),
      () => service.remove(id, 'a'),
      () => service.clear(id),
    ]) {
      t.strictSame(await faultsOf(run), [
        'workspaceId must be 1 to 64 of A-Z a-z 0-9 _ -, start with a letter or digit, and not be the word workspace',
      ])
    }
  }
  for (const run of [() => service.update('acme', '-a', { url }), () => service.remove('acme', '-a')]) {
    t.strictSame(await faultsOf(run), [
      'id must be 1 to 64 of A-Z a-z 0-9 _ - and start with a letter or digit',
    ])
  }
  t.equal(repository.reads.length + repository.writeAttempts, 0)
})

t.test('a photo that breaks the model never reaches the repository', async (t) => {
  const { repository, service } = filled()
  t.equal(
    await codeOf(() => service.add('acme', { url: 'ftp://pictures.example/', description: '' })),
    'INVALID_INPUT',
  )
  t.equal(await codeOf(() => service.update('acme', 'a', {})), 'INVALID_INPUT')
  t.equal(await codeOf(() => service.update('acme', 'a', { description: '\ud800' })), 'INVALID_INPUT')
  t.equal(repository.reads.length + repository.writeAttempts, 0)
})

t.test(
  'a stored record that is not a list of photos is an error of its own and is left as it is',
  async (t) => {
    const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
    const photos = encodePhotos([photoOf('a')])
    for (const content of [
      { photos: bytesOf('{"not":"a list"}') },
      { photos: bytesOf('[null]') },
      { photos: bytesOf('[{"id":"a"') },
      { photos, receipts: bytesOf('null') },
      { photos, receipts: bytesOf('[{"key":"k"}]') },
    ]) {
      const repository = new TestRepository()
      repository.put('acme', content)
      const service = new PhotoService(repository)
      for (const run of [
        () => service.add('acme', newPhoto('new'), { idempotencyKey: 'k' }),
        () => service.update('acme', 'a', { url }),
        () => service.remove('acme', 'a'),
        () => service.clear('acme'),
      ]) {
        t.equal(await codeOf(run), 'CORRUPT_RECORD')
      }
      t.equal(repository.writeAttempts, 0)
    }
  },
)

t.test(
  'what the repository rejects with reaches the caller as it is, and the next write goes through',
  async (t) => {
    const { repository, service } = filled()
    const outage = repositoryUnavailable('the disk is gone')
    repository.beforeWrite = () => {
      throw outage
    }
    t.equal(await errorOf(() => service.add('acme', newPhoto('lost'))), outage)
    t.equal(repository.writeAttempts, 1, 'an outage is not tried again')
    repository.beforeWrite = () => {}
    const { photo } = await service.add('acme', newPhoto('kept'))
    t.strictSame(storedPhotos(repository, 'acme'), [photo, photoOf('b'), photoOf('a')])
  },
)

t.test('a record corrupted under the service is told with its cause', async (t) => {
  const repository = new TestRepository()
  repository.put('acme', { photos: new TextEncoder().encode('[') })
  const error = await errorOf(() => new PhotoService(repository).clear('acme'))
  t.equal(error.message, 'the stored record of workspace acme is not a list of photos')
  t.type(error.cause, SyntaxError)
})
