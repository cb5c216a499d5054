import { isPhotosError } from 'photos-domain'
import { samplePhotos } from 'photos-samples'
import t from 'tap'
import { maxLineBytes, parseWorkspaceLine } from '../dist/import/workspace-line.js'

const photo = (id: string) => ({ id, url: 'https://example.org/a.jpg', description: 'A' })

/** What is wrong with a line, field by field; undefined where nothing is. */
function problemsOf(line: unknown, maxPhotos = 10): unknown {
  const bytes = Buffer.isBuffer(line)
    ? line
    : Buffer.from(typeof line === 'string' ? line : JSON.stringify(line))
  try {
    parseWorkspaceLine(bytes, maxPhotos)
    return undefined
  } catch (error) {
    if (!isPhotosError(error, 'INVALID_INPUT')) throw error
    return error.fields.map(({ field, message }) => `${field}: ${message}`)
  }
}

t.test('a workspace with photos, and one without, is read as it is', async (t) => {
  for (const photos of [samplePhotos(1), []]) {
    const line = { workspaceId: 'acme', photos }
    t.strictSame(parseWorkspaceLine(Buffer.from(JSON.stringify(line)), 10), line)
  }
})

t.test('what is not UTF-8 or not JSON is said to be so', async (t) => {
  t.match(problemsOf(Buffer.from([0x22, 0xff, 0x22])), [/^: is not valid UTF-8$/])
  t.match(problemsOf('{"workspaceId":'), [/^: is not JSON: /])
  t.match(problemsOf('\ufeff{}'), [/^: is not JSON: /])
})

t.test('every field that fails is named', async (t) => {
  const fields = (line: unknown) => (problemsOf(line) as string[]).map((text) => text.split(':')[0]).sort()
  t.strictSame(fields({}), ['photos', 'workspaceId'])
  t.strictSame(fields({ workspaceId: '_a', photos: [], colour: 'red' }), ['colour', 'workspaceId'])
  t.strictSame(
    fields({ workspaceId: 'a', photos: [photo('p'), { id: '', url: 'ftp://x', more: 1 }] }).filter(
      (field, index, all) => all.indexOf(field) === index,
    ),
    ['photos.1.description', 'photos.1.id', 'photos.1.more', 'photos.1.url'],
  )
  t.strictSame(fields([]), [''])
  t.strictSame(fields({ workspaceId: 'workspace', photos: {} }), ['photos', 'workspaceId'])
})

t.test('two photos of one workspace may not have the same id', async (t) => {
  t.strictSame(problemsOf({ workspaceId: 'a', photos: [photo('p'), photo('q'), photo('p'), photo('p')] }), [
    'photos.2.id: is the same as photos.0.id',
    'photos.3.id: is the same as photos.0.id',
  ])
})

t.test('a workspace may have as many photos as allowed and not one more', async (t) => {
  const photos = ['a', 'b', 'c'].map(photo)
  t.equal(problemsOf({ workspaceId: 'a', photos }, 3), undefined)
  t.strictSame(problemsOf({ workspaceId: 'a', photos }, 2), ['photos: are 3; a workspace holds at most 2'])
})

t.test('the longest line that is valid is within the bound of lines', async (t) => {
  const escaped = (text: string) =>
    [...text]
      .map((c) =>
        [...c]
          .flatMap((c) => c.split(''))
          .map((u) => `\\u${u.charCodeAt(0).toString(16).padStart(4, '0')}`)
          .join(''),
      )
      .join('')
  const url = `${escaped('https://example.org/')}${escaped('x'.repeat(2028))}`
  const longest = `{"${escaped('id')}":"${escaped('i'.repeat(64))}","${escaped('url')}":"${url}","${escaped('description')}":"${escaped('🦄'.repeat(2000))}"}`
  const line = `{"workspaceId":"a","photos":[${longest}]}`
  t.equal(problemsOf(line), undefined)
  t.ok(line.length < maxLineBytes(1), `${line.length} of ${maxLineBytes(1)} bytes`)
})
