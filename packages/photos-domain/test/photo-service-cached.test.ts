import { encodePhotos, type Photo, PhotoService, PhotosError, repositoryUnavailable } from 'photos-domain'
import t from 'tap'
import { codeOf, photoOf, storedPhotos } from './support.js'
import { TestRepository } from './test-repository.js'

const newPhoto = { url: 'https://pictures.example/1.jpg', description: 'new' }
const ONCE = { attempts: 1, baseDelayMs: 0, maxDelayMs: 0 }

/** A service whose cache has what was stored first, while another process has stored something else since. */
function behind(cached: readonly Photo[], stored: readonly Photo[], maxPhotosPerWorkspace = 1000) {
  const repository = new TestRepository()
  repository.put('acme', { photos: encodePhotos(cached) })
  const record = repository.read('acme')
  repository.cached.set('acme', record)
  const version = repository.put('acme', { photos: encodePhotos(stored) })
  repository.reads.length = 0
  const service = new PhotoService(repository, { backoff: ONCE, maxPhotosPerWorkspace })
  return { repository, service, cachedVersion: record.version, version }
}

const askedStore = ({ reads }: TestRepository): boolean[] =>
  reads.map(({ options }) => options?.fresh === true)

t.test('a write decides on what a cache has, and the store is only written to', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository)
  const { photo } = await service.add('acme', newPhoto)
  await service.update('acme', photo.id, { description: 'changed' })
  await service.remove('acme', photo.id)
  await service.add('acme', newPhoto)
  await service.clear('acme')
  t.strictSame(askedStore(repository), [false, false, false, false, false])
  t.equal(repository.writeAttempts, 5)
})

t.test('what a cache has and is out of date costs a write no attempt, and loses nothing', async (t) => {
  const { repository, service } = behind([photoOf('a')], [photoOf('b'), photoOf('a')])
  const { photo, version } = await service.add('acme', newPhoto)
  t.strictSame(storedPhotos(repository, 'acme'), [photo, photoOf('b'), photoOf('a')])
  t.equal(version, repository.records.get('acme')?.version)
  t.strictSame(askedStore(repository), [false, true])
})

t.test('what needs no write is told by the store, not by a cache', async (t) => {
  const { repository, service } = behind([], [photoOf('a')])
  await service.clear('acme')
  t.strictSame(storedPhotos(repository, 'acme'), [])
  const same = behind([photoOf('a')], [photoOf('a', 'changed')])
  await same.service.update('acme', 'a', { description: 'photo a' })
  t.strictSame(storedPhotos(same.repository, 'acme'), [photoOf('a')])
  const untouched = behind([photoOf('a')], [])
  t.equal((await untouched.service.clear('acme')).version, untouched.version)
})

t.test('what is refused is refused by the store, not by a cache', async (t) => {
  const absent = behind([], [photoOf('a')])
  await absent.service.remove('acme', 'a')
  t.strictSame(storedPhotos(absent.repository, 'acme'), [])
  const full = behind([photoOf('a'), photoOf('b')], [photoOf('a')], 2)
  await full.service.add('acme', newPhoto)
  t.equal(storedPhotos(full.repository, 'acme').length, 2)
  const gone = behind([photoOf('a')], [])
  t.equal(await codeOf(() => gone.service.update('acme', 'a', { description: 'changed' })), 'PHOTO_NOT_FOUND')
  t.strictSame(storedPhotos(gone.repository, 'acme'), [])
})

t.test('a condition is held against the version that is stored, not against that of a cache', async (t) => {
  const { repository, service, cachedVersion, version } = behind([photoOf('a')], [photoOf('b')])
  t.equal(
    await codeOf(() => service.add('acme', newPhoto, { ifMatch: [cachedVersion] })),
    'PRECONDITION_FAILED',
  )
  t.equal(
    await codeOf(() => service.add('acme', newPhoto, { ifNoneMatch: [version] })),
    'PRECONDITION_FAILED',
  )
  t.strictSame(storedPhotos(repository, 'acme'), [photoOf('b')])
  await service.add('acme', newPhoto, { ifMatch: [version] })
  t.equal(storedPhotos(repository, 'acme').length, 2)
})

t.test('a key that the store knows and a cache does not makes no second photo', async (t) => {
  const { repository, service } = behind([], [])
  const added = await service.add('acme', newPhoto, { idempotencyKey: 'k' })
  t.notOk(added.replayed)
  const again = await service.add('acme', newPhoto, { idempotencyKey: 'k' })
  t.ok(again.replayed)
  t.strictSame(storedPhotos(repository, 'acme'), [added.photo])
})

t.test('what is too large only with what a cache has is stored', async (t) => {
  const { repository, service } = behind([photoOf('a'), photoOf('b')], [photoOf('a')])
  const write = repository.write.bind(repository)
  repository.write = async (workspaceId, content, expected) => {
    if (content.photos.length > 250) throw new PhotosError('RECORD_TOO_LARGE', 'no room')
    return write(workspaceId, content, expected)
  }
  await service.add('acme', newPhoto)
  t.equal(storedPhotos(repository, 'acme').length, 2)
  t.equal(await codeOf(() => service.add('acme', newPhoto)), 'RECORD_TOO_LARGE')
})

t.test(
  'while a cache answers for a store that is away, the store is asked before it is written to',
  async (t) => {
    const { repository, service } = behind([photoOf('a')], [photoOf('a')])
    const read = repository.read.bind(repository)
    repository.read = (workspaceId, options) => {
      if (options?.fresh === true) throw repositoryUnavailable('gone')
      return { ...read(workspaceId, options), stale: true }
    }
    t.equal(await codeOf(() => service.add('acme', newPhoto)), 'REPOSITORY_UNAVAILABLE')
    t.equal(repository.writeAttempts, 0)
  },
)
