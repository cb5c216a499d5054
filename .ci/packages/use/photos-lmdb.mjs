import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodePhotos, PhotoService } from 'photos-domain'
import { openLmdbRepository } from 'photos-lmdb'

const path = await mkdtemp(join(tmpdir(), 'photos-lmdb-'))
try {
  const first = await openLmdbRepository({ path })
  const newPhoto = { url: 'https://pictures.example/a.jpg', description: 'kept on disk' }
  const { photo, version } = await new PhotoService(first).add('acme', newPhoto)
  await first.close()

  const second = await openLmdbRepository({ path })
  const record = await second.read('acme')
  assert.deepEqual(decodePhotos(record.photos), [photo])
  assert.equal(record.version, version)
  await second.close()
} finally {
  await rm(path, { recursive: true, force: true })
}
