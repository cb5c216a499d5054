import assert from 'node:assert/strict'
import { withCache } from 'photos-cache'
import { createMemoryStore } from 'photos-contract'
import { decodePhotos, PhotoService } from 'photos-domain'

// Without Redis: the in-process tier alone.
const store = createMemoryStore()
const repository = withCache(store.handle())
const newPhoto = { url: 'https://pictures.example/a.jpg', description: 'kept at hand' }
const { photo, version } = await new PhotoService(repository).add('acme', newPhoto)
const before = store.reads
for (let i = 0; i < 3; i++) {
  const record = await repository.read('acme')
  assert.deepEqual(decodePhotos(record.photos), [photo])
  assert.equal(record.version, version)
}
assert.ok(store.reads - before <= 1, 'the cache answers')
await repository.close()
