import {
  checkOf,
  NewPhoto,
  PhotoId,
  parseNewPhoto,
  parsePhotoList,
  parsePhotoPatch,
  parserOf,
  WorkspaceId,
} from 'photos-domain'
import t from 'tap'
import Type from 'typebox'
import { Settings } from 'typebox/system'
import { errorOf, faultsOf, photoOf } from './support.js'

const ID_RULE = 'must be 1 to 64 of A-Z a-z 0-9 _ - and start with a letter or digit'

t.test('every field that fails is named at once, with what is wrong with it', async (t) => {
  t.strictSame(await faultsOf(() => parseNewPhoto({})), ['url is required', 'description is required'])
  t.same(
    new Set(await faultsOf(() => parseNewPhoto({ url: 1, description: '', id: 'a', tags: [] }))),
    new Set([
      'id is not a known field',
      'tags is not a known field',
      'url must be string',
      'description must not be empty',
    ]),
  )
  t.same(
    new Set(await faultsOf(() => parseNewPhoto({ description: null, Url: 'https://pictures.example/' }))),
    new Set(['url is required', 'Url is not a known field', 'description must be string']),
  )
})

t.test('what is not an object is refused by itself', async (t) => {
  for (const value of [null, undefined, 'text', 1, true, []]) {
    t.strictSame(await faultsOf(() => parseNewPhoto(value)), ['must be object'])
  }
})

t.test('unknown fields are refused however many there are, each named', async (t) => {
  const photo = { url: 'https://pictures.example/', description: 'd' }
  for (const count of [1, 7, 8, 9, 500]) {
    const names = Array.from({ length: count }, (_, i) => `field${i}`)
    const value = { ...photo, ...Object.fromEntries(names.map((name) => [name, 1])) }
    t.strictSame(
      await faultsOf(() => parseNewPhoto(value)),
      names.map((name) => `${name} is not a known field`),
    )
    t.equal((await faultsOf(() => parsePhotoPatch(value))).length, count)
  }
})

t.test('unknown fields do not hide what is wrong with the known ones', async (t) => {
  const unknown = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`field${i}`, 1]))
  const faults = await faultsOf(() => parseNewPhoto({ ...unknown, url: 'ftp://pictures.example/' }))
  t.equal(faults.length, 22)
  t.ok(faults.includes('description is required'))
  t.ok(faults.some((fault) => fault.startsWith('url ')))
})

t.test('fields with names of the language are unknown like others', async (t) => {
  const text =
    '{"url":"https://pictures.example/","description":"d","__proto__":{},"constructor":1,"a/b~c":1}'
  const names = ['__proto__', 'constructor', 'a/b~c']
  for (const parse of [parseNewPhoto, parsePhotoPatch]) {
    t.strictSame(
      await faultsOf(() => parse(JSON.parse(text))),
      names.map((name) => `${name} is not a known field`),
    )
  }
})

t.test('a field within a list is named by its place', async (t) => {
  const broken = { id: '_', url: 'x', description: '', extra: 1 }
  const list = Array.from({ length: 30 }, (_, i) => (i === 2 || i === 29 ? broken : photoOf(`photo${i}`)))
  const faultsAt = (i: number): string[] => [
    `${i}.description must not be empty`,
    `${i}.extra is not a known field`,
    `${i}.id ${ID_RULE}`,
    `${i}.url must be an absolute http or https URL (RFC 3986)`,
  ]
  t.same(new Set(await faultsOf(() => parsePhotoList(list))), new Set([...faultsAt(2), ...faultsAt(29)]))
  t.strictSame(await faultsOf(() => parsePhotoList([photoOf('a'), null])), ['1 must be object'])
  t.strictSame(await faultsOf(() => parsePhotoList([{ id: 'a', url: 'https://pictures.example/' }])), [
    '0.description is required',
  ])
  t.strictSame(await faultsOf(() => parsePhotoList({})), ['must be array'])
})

t.test('ids are refused in words, not with a regular expression', async (t) => {
  const parse = parserOf(Type.Object({ workspaceId: WorkspaceId, id: PhotoId }))
  t.strictSame(await faultsOf(() => parse({ workspaceId: 'workspace', id: '-' })), [
    'workspaceId must be 1 to 64 of A-Z a-z 0-9 _ -, start with a letter or digit, and not be the word workspace',
    `id ${ID_RULE}`,
  ])
})

t.test("a pattern of the caller's own schema is told as the validator tells it", async (t) => {
  const parse = parserOf(Type.Object({ colour: Type.String({ pattern: '^#[0-9a-f]{6}$' }) }))
  t.strictSame(await faultsOf(() => parse({ colour: 'red' })), ['colour must match pattern "^#[0-9a-f]{6}$"'])
})

t.test('what a schema refuses without a reason is refused all the same', (t) => {
  t.strictSame(checkOf(Type.Never())({}).length, 1)
  t.strictSame(checkOf({ type: 'object', properties: { a: false } })({ a: 1 }), [
    { field: '', message: 'is not valid' },
  ])
  t.end()
})

t.test('the parser hands back the value itself, untouched', (t) => {
  const value = Object.freeze({ url: 'https://pictures.example/', description: 'd' })
  t.equal(parseNewPhoto(value), value)
  t.strictSame(checkOf(NewPhoto)(value), [])
  t.end()
})

t.test('the settings of the validator stay as the application made them', async (t) => {
  const { maxErrors } = Settings.Get()
  t.teardown(() => Settings.Set({ maxErrors }))
  Settings.Set({ maxErrors: 3 })
  t.equal((await faultsOf(() => parsePhotoList(Array.from({ length: 50 }, () => ({}))))).length, 150)
  t.equal(Settings.Get().maxErrors, 3)
})

t.test('the error says in one line what its fields say one by one', async (t) => {
  const error = await errorOf(() => parseNewPhoto({}))
  t.equal(error.code, 'INVALID_INPUT')
  t.equal(error.message, 'url is required; description is required')
})
