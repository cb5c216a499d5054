import { encodePhoto, encodePhotos, type Photo } from 'photos-domain'
import { samplePhotos } from 'photos-samples'
import t from 'tap'
import { AnswerChecker, type Answers } from '../dist/load/answer-checker.js'
import {
  addedDescription,
  type BenchRequest,
  photosOf,
  RequestWriter,
  updatedDescription,
} from '../dist/load/operations.js'

const writer = new RequestWriter('localhost')
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const SAMPLES: Answers = { kind: 'samples' }
const INDEX = 42
const [first, second] = samplePhotos(INDEX) as [Photo, Photo]
const collection = text(encodePhotos(samplePhotos(INDEX)))

/** What is wrong with an answer; undefined when nothing is. */
function problemOf(
  request: BenchRequest,
  status: number,
  body: string,
  { answers = SAMPLES, changes = false }: { answers?: Answers; changes?: boolean } = {},
): string | undefined {
  return new AnswerChecker(answers, changes).check(request, status, body)?.problem
}

t.test('the seeded bytes are right, anything else is wrong', async (t) => {
  const request = writer.collection(INDEX, true)
  t.equal(problemOf(request, 200, collection), undefined)
  for (const body of [
    '',
    '[]',
    `${collection} `,
    collection.slice(0, -1),
    text(encodePhotos(photosOf(43))),
  ]) {
    t.match(problemOf(request, 200, body), 'instead of [{"id":')
  }
})

t.test('one photo is right when it is that photo of that workspace', async (t) => {
  const request = writer.photo(INDEX, first, true)
  t.equal(problemOf(request, 200, text(encodePhoto(first))), undefined)
  t.match(problemOf(request, 200, text(encodePhoto(second))), 'instead of {"id":')
  t.match(problemOf(request, 200, collection), 'instead of {"id":')
})

t.test('the status of every answer is checked, the body of the sampled ones', async (t) => {
  const unsampled = writer.collection(INDEX, false)
  t.equal(problemOf(unsampled, 200, '[]'), undefined)
  t.match(problemOf(unsampled, 503, 'down'), 'status 503 instead of 200: down')
  t.match(problemOf(unsampled, 304, ''), 'status 304 instead of 200')
})

t.test('a conditional request is answered with 304 and no body while nothing is written', async (t) => {
  const request = writer.revalidate(INDEX, '"1"', true, false)
  t.equal(problemOf(request, 304, ''), undefined)
  t.match(problemOf(request, 304, 'x'), 'a body with 304')
  t.match(problemOf(request, 200, collection), 'status 200 instead of 304')
  const changing = writer.revalidate(INDEX, '"1"', true, true)
  t.equal(problemOf(changing, 200, collection, { changes: true }), undefined)
})

t.test('a control answers with so many bytes', async (t) => {
  const answers: Answers = { kind: 'fixed', bytes: 5 }
  const request = writer.collection(INDEX, true)
  t.equal(problemOf(request, 200, 'xxxxx', { answers }), undefined)
  t.match(problemOf(request, 200, 'xxxx', { answers }), '4 bytes instead of 5')
})

t.test(
  'while others write, a workspace holds its samples as they are or were changed, behind what was added',
  async (t) => {
    const request = writer.collection(INDEX, true)
    const photos = samplePhotos(INDEX)
    const added: Photo = { id: 'new', url: 'https://example.org/', description: addedDescription(INDEX, 3) }
    const updated = photos.map((photo, place) =>
      place === 1 ? { ...photo, description: updatedDescription(INDEX, 9) } : photo,
    )
    const problem = (list: unknown): string | undefined =>
      problemOf(request, 200, JSON.stringify(list), { changes: true })

    t.equal(problem(photos), undefined)
    t.equal(problem(updated), undefined)
    t.equal(problem([added, added, ...updated]), undefined)

    t.match(problem([...photos, added]), 'instead of the photos of sample workspace 42')
    t.match(problem(photos.slice(1)), 'photos instead of at least')
    t.match(problem([...photos].reverse()), 'instead of the photos')
    t.match(problem([{ ...added, description: addedDescription(43, 3) }, ...photos]), 'instead of the photos')
    t.match(
      problem(photos.map((photo) => ({ ...photo, description: updatedDescription(43, 1) }))),
      'instead of the photos',
    )
    t.match(problem([null, ...photos]), 'instead of the photos')
    t.match(problemOf(request, 200, '<html>', { changes: true }), 'not JSON: <html>')
  },
)

t.test('an added photo is answered as it was sent, with 201', async (t) => {
  const description = addedDescription(INDEX, 1)
  const request = writer.add(INDEX, { url: 'https://example.org/', description })
  const changes = true
  t.equal(problemOf(request, 201, JSON.stringify({ id: 'x', url: 'u', description }), { changes }), undefined)
  t.match(
    problemOf(request, 200, JSON.stringify({ id: 'x', url: 'u', description }), { changes }),
    'status 200',
  )
  t.match(problemOf(request, 201, JSON.stringify({ ...first }), { changes }), 'instead of what was added')
})

t.test('a wrong answer is told with its request, and a long body is cut', async (t) => {
  const wrong = new AnswerChecker(SAMPLES, false).check(writer.collection(INDEX, true), 200, 'y'.repeat(500))
  t.equal(wrong?.request, 'GET /api/photos/workspace/sample-000000042')
  t.ok((wrong?.problem.length ?? 0) < 300)
})
