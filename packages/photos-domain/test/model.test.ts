import {
  isPhotoId,
  isWorkspaceId,
  MAX_DESCRIPTION_LENGTH,
  MAX_URL_LENGTH,
  parseNewPhoto,
  parsePhotoList,
  parsePhotoPatch,
} from 'photos-domain'
import t from 'tap'
import { faultsOf, photoOf } from './support.js'

const url = 'https://pictures.example/1.jpg'
const description = 'A black puppy'
const URL_FAULT = 'url must be an absolute http or https URL (RFC 3986)'

t.test('an id is 1 to 64 letters, digits, underscores and hyphens, the first a letter or digit', (t) => {
  const right = ['a', '0', 'Z', 'a_', 'a-', '0b8b1a52-6a4f-4d0e-9d0c-1f6f1f6b7a55', 'x'.repeat(64)]
  const wrong = [
    '',
    '_a',
    '-a',
    'x'.repeat(65),
    'a b',
    'a/b',
    'a.b',
    '..',
    'é',
    'a\n',
    '\na',
    'a%20',
    'a\u0000',
    '😀',
  ]
  for (const id of right) {
    t.ok(isWorkspaceId(id), id)
    t.ok(isPhotoId(id), id)
  }
  for (const id of [...wrong, 1, null, undefined, ['a'], { toString: () => 'a' }]) {
    t.notOk(isWorkspaceId(id), JSON.stringify(id))
    t.notOk(isPhotoId(id), JSON.stringify(id))
  }
  t.end()
})

t.test(
  'the word workspace names no workspace, for it is a route, but may begin a name or name a photo',
  (t) => {
    t.notOk(isWorkspaceId('workspace'))
    for (const id of ['Workspace', 'workspaces', 'workspace-1', 'my-workspace']) t.ok(isWorkspaceId(id), id)
    t.ok(isPhotoId('workspace'))
    t.end()
  },
)

for (const right of [
  'http://pictures.example',
  'https://pictures.example/a/b.jpg?size=1&b=%20#top',
  'HTTPS://Pictures.Example/A.jpg',
  'hTTp://pictures.example/',
  'http://user@pictures.example/',
  'http://user:secret@pictures.example:8080/',
  'http://[2001:db8::1]:8080/1.jpg',
  'http://[::ffff:192.0.2.1]/1.jpg',
  'http://192.0.2.1/1.jpg',
  'http://localhost:3000/',
  'https://xn--bcher-kva.example/b%C3%BCcher.jpg',
  "http://pictures.example/~a/(b)'c'!$&*+,;=:@.jpg",
]) {
  t.test(`the URL ${right} is taken as it is`, (t) => {
    t.strictSame(parseNewPhoto({ url: right, description }), { url: right, description })
    t.end()
  })
}

for (const wrong of [
  '',
  'pictures.example/1.jpg',
  '/1.jpg',
  '//pictures.example/1.jpg',
  'ftp://pictures.example/1.jpg',
  'javascript:alert(1)',
  'javascript://pictures.example/%0aalert(1)',
  'data:image/png;base64,AAAA',
  'http:pictures.example',
  'http:/pictures.example',
  'http://',
  'http:///1.jpg',
  'http://?a',
  'http://#a',
  'http://:8080/',
  'http://@',
  'http://user@',
  'http://user:secret@/1.jpg',
  'http://pictures.example:port/',
  'http://[2001:db8::1/',
  'http://[2001:db8::xyz]/',
  'http://a b.example/',
  'http://pictures.example/a b',
  ' http://pictures.example/',
  'http://pictures.example/ ',
  'http://pictures.example/\n',
  'http://bücher.example/',
  'http://pictures.example/bücher.jpg',
  'http://pictures.example/%zz',
  'http://pictures.example/%',
  'http://pictures.example/"',
  'http://pictures.example/<b>',
  'http://pictures.example/{a}',
  'http://pictures.example\\a',
]) {
  t.test(`the URL ${JSON.stringify(wrong)} is refused, once and in words`, async (t) => {
    t.strictSame(await faultsOf(() => parseNewPhoto({ url: wrong, description })), [URL_FAULT])
  })
}

t.test('a URL may have 2048 characters and no more', async (t) => {
  const start = 'https://pictures.example/'
  const longest = start + 'a'.repeat(MAX_URL_LENGTH - start.length)
  t.equal(longest.length, 2048)
  t.equal(parseNewPhoto({ url: longest, description }).url, longest)
  t.strictSame(await faultsOf(() => parseNewPhoto({ url: `${longest}a`, description })), [
    'url must not have more than 2048 characters',
  ])
})

t.test('a description may have 2000 code points and no more, however many bytes they take', async (t) => {
  for (const character of ['a', 'é', '漢', '😀']) {
    const longest = character.repeat(MAX_DESCRIPTION_LENGTH)
    t.equal(parseNewPhoto({ url, description: longest }).description, longest)
    for (const more of [character, 'a', '😀']) {
      t.strictSame(await faultsOf(() => parseNewPhoto({ url, description: longest + more })), [
        'description must not have more than 2000 characters',
      ])
    }
  }
})

t.test('a mark that combines with others counts by itself, so that no description is endless', async (t) => {
  const marks = `a${'\u0301'.repeat(2000)}`
  t.equal((await faultsOf(() => parseNewPhoto({ url, description: marks }))).length, 1)
  const family = '👨\u200d👩\u200d👧\u200d👦'
  t.equal([...family].length, 7)
  t.ok(parseNewPhoto({ url, description: family.repeat(285) }))
  t.equal((await faultsOf(() => parseNewPhoto({ url, description: family.repeat(286) }))).length, 1)
})

t.test('a description may be any text but none', async (t) => {
  for (const text of [' ', '}', '"', '\\', '\u0000', '\n', '\u2028', '<script>', '😀', '\ud83d\ude00']) {
    t.equal(parseNewPhoto({ url, description: text }).description, text)
  }
  t.strictSame(await faultsOf(() => parseNewPhoto({ url, description: '' })), [
    'description must not be empty',
  ])
})

t.test('half a surrogate pair is refused, wherever it stands', async (t) => {
  for (const text of ['\ud83d', 'a\ude00', '\ude00\ud83d', '😀\ud83d', '\ud83d😀']) {
    t.strictSame(await faultsOf(() => parsePhotoPatch({ description: text })), [
      'description must not hold half a surrogate pair',
    ])
  }
})

t.test('a change has at least one field', async (t) => {
  t.strictSame(parsePhotoPatch({ url }), { url })
  t.strictSame(parsePhotoPatch({ description }), { description })
  t.strictSame(parsePhotoPatch({ url, description }), { url, description })
  t.strictSame(await faultsOf(() => parsePhotoPatch({})), ['must have at least one field'])
})

t.test('a list of photos is taken with the ids it brings, each once', async (t) => {
  const list = [photoOf('a'), photoOf('b'), photoOf('workspace')]
  t.strictSame(parsePhotoList(list), list)
  t.strictSame(parsePhotoList([]), [])
  t.strictSame(
    await faultsOf(() => parsePhotoList([photoOf('a'), photoOf('b'), photoOf('a'), photoOf('a')])),
    ['2.id is the id of an earlier photo', '3.id is the id of an earlier photo'],
  )
})
