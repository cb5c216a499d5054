import assert from 'node:assert/strict'
import {
  compareVersions,
  encodePhoto,
  encodePhotos,
  findPhoto,
  isPhotosError,
  parseNewPhoto,
  photosTextOf,
} from 'photos-domain'

const photo = { id: 'a', url: 'https://pictures.example/a.jpg', description: '} "quoted" {' }
const text = photosTextOf({ photos: encodePhotos([{ ...photo, id: 'b' }, photo]) })
assert.deepEqual(Buffer.from(findPhoto(text, 'a'), 'latin1'), Buffer.from(encodePhoto(photo)))
assert.ok(compareVersions('9-f', '10-0') < 0)
assert.throws(
  () => parseNewPhoto({ url: 'ftp://pictures.example/' }),
  (error) => isPhotosError(error, 'INVALID_INPUT') && error.fields.length === 2,
)
