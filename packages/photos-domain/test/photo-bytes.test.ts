import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  decodePhotos,
  encodePhoto,
  encodePhotos,
  findPhoto,
  NO_PHOTOS,
  PHOTO_ID_PATTERN,
  type Photo,
  photosTextOf,
} from 'photos-domain'
import t from 'tap'

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** The photo as it stands in the bytes of a list, read as UTF-8 again. */
function foundIn(photos: Uint8Array, photoId: string): string | undefined {
  const found = findPhoto(photosTextOf({ photos }), photoId)
  return found === undefined ? undefined : textOf(Buffer.from(found, 'latin1'))
}

/** Pieces of the canonical JSON text and what JSON escapes: the text that could mislead a search in bytes. */
const HOSTILE = [
  ...[
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"}',
    '}"',
    '{"',
    '\\"',
    '\\\\',
    '\\"}',
    '"}]',
    '},{',
    '"},{"',
  ],
  ...[
    '{"id":"',
    ',{"id":"',
    '"},{"id":"',
    '"url":"',
    '"description":"',
    '{\\"id\\":\\"',
    '{"id":"a","url":"',
  ],
  ...['\u0000', '\n', '\u007f', '\u2028', 'é', '漢', '😀', '\ud800', '\udc00', 'a', ' '],
]
const hostileText = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...HOSTILE) },
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    {
      maxLength: 12,
    },
  )
  .map((pieces) => pieces.join(''))

const ALPHABET = [...'abcXYZ019_-']
const photoId = fc
  .oneof(
    fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 }),
    fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 1, maxLength: 64 }),
    fc.uuid(),
  )
  .filter((id) => new RegExp(PHOTO_ID_PATTERN).test(id))
const photo: fc.Arbitrary<Photo> = fc.record(
  { id: photoId, url: hostileText, description: hostileText },
  { noNullPrototype: true },
)
const photos = fc.uniqueArray(photo, { selector: ({ id }) => id, maxLength: 6 })

t.test('a photo is found as exactly its own bytes, whatever the texts around and inside it', (t) => {
  fc.assert(
    fc.property(photos, (list) => {
      const bytes = encodePhotos(list)
      for (const it of list) {
        assert.equal(foundIn(bytes, it.id), textOf(encodePhoto(it)))
      }
    }),
    { numRuns: 20_000 },
  )
  t.end()
})

t.test('an id that no photo has is not found, though texts speak of it', (t) => {
  fc.assert(
    fc.property(photos, photoId, (list, id) => {
      const others = list.filter((it) => it.id !== id)
      const planted = others.map((it) => ({ ...it, description: `${it.description}{"id":"${id}","url":"` }))
      assert.equal(foundIn(encodePhotos(planted), id), undefined)
    }),
    { numRuns: 20_000 },
  )
  t.end()
})

t.test('what is encoded is decoded as it was, newest first, with lone surrogates kept', (t) => {
  fc.assert(
    fc.property(photos, (list) => {
      assert.deepEqual(decodePhotos(encodePhotos(list)), list)
    }),
  )
  t.end()
})

for (const description of [
  '}',
  '} closes what it did not open',
  '},{',
  '"}',
  '\\',
  '\\"}',
  '\\\\"},{"id":"b","url":"x","description":"y"}',
  '{"id":"b","url":"x","description":"y"}',
  '"description":"}',
  '\ud83d',
]) {
  t.test(`photos beside the description ${JSON.stringify(description)} are found whole`, (t) => {
    const a = { id: 'a', url: 'https://pictures.example/a', description }
    const b = { id: 'b', url: 'https://pictures.example/b', description: 'the real one' }
    for (const list of [[a, b], [b, a], [a]]) {
      const bytes = encodePhotos(list)
      t.equal(foundIn(bytes, 'a'), JSON.stringify(a))
      t.equal(foundIn(bytes, 'b'), list.includes(b) ? JSON.stringify(b) : undefined)
    }
    t.end()
  })
}

t.test('an id that begins another id is not taken for it', (t) => {
  const list = ['abc', 'ab', 'a'].map((id) => ({ id, url: 'https://pictures.example/', description: id }))
  const bytes = encodePhotos(list)
  for (const it of list) t.equal(foundIn(bytes, it.id), JSON.stringify(it))
  t.equal(foundIn(bytes, 'abcd'), undefined)
  t.equal(foundIn(bytes, 'b'), undefined)
  t.end()
})

t.test('the canonical bytes have the keys id, url, description in this order and nothing else', (t) => {
  const shuffled = { extra: 1, description: 'd', url: 'https://pictures.example/', id: 'x' }
  const text = '{"id":"x","url":"https://pictures.example/","description":"d"}'
  t.equal(textOf(encodePhoto(shuffled)), text)
  t.equal(textOf(encodePhotos([shuffled, shuffled])), `[${text},${text}]`)
  t.end()
})

t.test('no photos are the bytes of an empty array, in which nothing is found', (t) => {
  t.equal(textOf(NO_PHOTOS), '[]')
  t.equal(textOf(encodePhotos([])), '[]')
  t.strictSame(decodePhotos(NO_PHOTOS), [])
  t.equal(foundIn(NO_PHOTOS, 'a'), undefined)
  t.equal(foundIn(new Uint8Array(0), 'a'), undefined)
  t.end()
})

t.test('bytes that are not a list of photos are refused', (t) => {
  const refused = [
    '',
    '{',
    '{}',
    'null',
    '"a"',
    '[null]',
    '[1]',
    '[{}]',
    '[{"id":"a","url":1,"description":"d"}]',
  ]
  for (const text of refused) {
    t.throws(() => decodePhotos(new TextEncoder().encode(text)), text)
  }
  const notUtf8 = encodePhotos([{ id: 'a', url: 'https://pictures.example/', description: '!' }]).slice()
  notUtf8[notUtf8.indexOf(0x21)] = 0xff
  t.throws(() => decodePhotos(notUtf8), TypeError, 'not UTF-8')
  t.end()
})
