import {
  invalidInput,
  isPhotosError,
  PhotosError,
  photoNotFound,
  versionConflict,
  writeContention,
} from 'photos-domain'
import t from 'tap'

t.test(
  'an error of the domain is known by its name and code, also when another copy of the package made it',
  (t) => {
    const foreign = Object.assign(new Error('from another copy'), {
      name: 'PhotosError',
      code: 'PHOTO_NOT_FOUND',
    })
    t.ok(isPhotosError(foreign))
    t.ok(isPhotosError(foreign, 'PHOTO_NOT_FOUND'))
    t.notOk(isPhotosError(foreign, 'WORKSPACE_FULL'))
    t.ok(isPhotosError(photoNotFound('w', 'p'), 'PHOTO_NOT_FOUND'))
    t.end()
  },
)

t.test('what is not an error of the domain is not taken for one', (t) => {
  const system = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const shaped = { name: 'PhotosError', code: 'PHOTO_NOT_FOUND', message: 'only looks like it' }
  for (const value of [system, shaped, new TypeError('x'), 'PhotosError', null, undefined]) {
    t.notOk(isPhotosError(value))
  }
  t.end()
})

t.test('invalid input names each field in its message, and the input itself by nothing', (t) => {
  const error = invalidInput([
    { field: 'url', message: 'is required' },
    { field: '', message: 'must be object' },
  ])
  t.equal(error.message, 'url is required; must be object')
  t.equal(error.code, 'INVALID_INPUT')
  t.equal(error.fields.length, 2)
  t.end()
})

t.test('an error keeps its cause, and tells when to try again only where that helps', (t) => {
  const cause = new Error('the socket closed')
  t.equal(versionConflict('w', cause).cause, cause)
  t.notOk('cause' in new PhotosError('CORRUPT_RECORD', 'broken'))
  t.equal(writeContention('w').retryAfterMs, 1000)
  t.equal(photoNotFound('w', 'p').retryAfterMs, undefined)
  t.equal(String(photoNotFound('w', 'p')), 'PhotosError: workspace w has no photo p')
  t.end()
})
