import { samplePhotos, sampleWorkspaceId } from 'photos-samples'
import t from 'tap'
import { Random } from '../dist/ids/random.js'
import type { BenchRequest } from '../dist/load/operations.js'
import { RequestSource, type SourceOptions } from '../dist/load/request-source.js'
import { averageAnswerBytes } from '../dist/run/answer-size.js'
import type { Mix } from '../dist/scenario/schema.js'
import { SCENARIO } from './support/results.js'

function sourceOf(mix: Mix, options: Partial<SourceOptions> = {}): RequestSource {
  return new RequestSource({
    scenario: { workspaces: 1000, ids: { kind: 'uniform' }, mix },
    host: 'localhost:3000',
    random: new Random(1),
    sampleOneIn: 10,
    ...options,
  })
}

const take = (source: RequestSource, count: number): BenchRequest[] =>
  Array.from({ length: count }, () => source.next())

const textOf = ({ requestBuffer }: BenchRequest): string => requestBuffer.toString()

t.test('a collection is asked for as HTTP has it', async (t) => {
  const request = sourceOf({ collection: 1 }).next()
  const id = sampleWorkspaceId(request.index)
  t.equal(textOf(request), `GET /api/photos/workspace/${id} HTTP/1.1\r\nHost: localhost:3000\r\n\r\n`)
})

t.test('a single photo that is asked for is one that the workspace has, and any of them', async (t) => {
  const requests = take(sourceOf({ photo: 1 }), 500)
  const places = requests.map(({ index, photo }) =>
    samplePhotos(index).findIndex(({ id }) => id === photo?.id),
  )
  t.same([...new Set(places)].sort(), [0, 1, 2, 3, 4, 5, 6])
  for (const request of requests) {
    t.ok(
      textOf(request).startsWith(
        `GET /api/photos/${sampleWorkspaceId(request.index)}/${request.photo?.id} HTTP`,
      ),
    )
  }
})

t.test('operations come as often as the mix says, and a share of the answers is checked', async (t) => {
  const requests = take(sourceOf({ collection: 6, photo: 3, update: 1 }), 20_000)
  const share = (of: (request: BenchRequest) => boolean): number =>
    requests.filter(of).length / requests.length
  for (const [operation, expected] of [
    ['collection', 0.6],
    ['photo', 0.3],
    ['update', 0.1],
  ] as const) {
    t.ok(Math.abs(share((request) => request.operation === operation) - expected) < 0.015, operation)
  }
  t.ok(Math.abs(share(({ sampled }) => sampled) - 0.1) < 0.01)
})

t.test(
  'the same seed makes the same requests, whether they are made ahead or when they are due',
  async (t) => {
    const mix = { collection: 1, photo: 1 }
    const due = take(sourceOf(mix), 50).map(textOf)
    const source = sourceOf(mix)
    source.prepare(50)
    t.same(take(source, 50).map(textOf).sort(), due.sort())
    t.not(textOf(sourceOf(mix, { random: new Random(2) }).next()), due[0])
  },
)

t.test('a copy is asked for again with the ETag that came with it', async (t) => {
  const source = sourceOf({ revalidate: 1 })
  const first = source.next()
  t.notMatch(textOf(first), /If-None-Match/)
  t.same(first.expected, [200])
  for (let index = 0; index < 1000; index++) source.learnEtag(index, `"v${index}"`)
  const again = source.next()
  t.match(textOf(again), `If-None-Match: "v${again.index}"\r\n`)
  t.match(textOf(again), sampleWorkspaceId(again.index))
  t.same(again.expected, [304])
})

t.test('only photos that were added are removed; while there is none, one is added', async (t) => {
  const source = sourceOf({ add: 1, remove: 1 })
  t.ok(take(source, 20).every(({ operation }) => operation === 'add'))
  source.learnAdded(5, 'added-photo')
  const removals = take(source, 20).filter(({ operation }) => operation === 'remove')
  t.equal(removals.length, 1)
  t.match(removals.map(textOf)[0], `DELETE /api/photos/${sampleWorkspaceId(5)}/added-photo HTTP`)
})

t.test('a write bears its body and its length', async (t) => {
  for (const request of take(sourceOf({ add: 1, update: 1 }), 20)) {
    const [head = '', body = ''] = textOf(request).split('\r\n\r\n')
    t.match(head, `Content-Length: ${Buffer.byteLength(body)}`)
    t.match(JSON.parse(body), { description: new RegExp(sampleWorkspaceId(request.index)) })
  }
})

t.test('the average answer is as long as the samples are', async (t) => {
  const collections = averageAnswerBytes({ ...SCENARIO, mix: { collection: 1 } }, 1)
  const photos = averageAnswerBytes({ ...SCENARIO, mix: { photo: 1 } }, 1)
  const both = averageAnswerBytes({ ...SCENARIO, mix: { photo: 1, collection: 1 } }, 1)
  t.ok(collections > 900 && collections < 1050, `${collections}`)
  t.ok(photos > 150 && photos < 200, `${photos}`)
  t.ok(Math.abs(both - (collections + photos) / 2) < 30, `${both}`)
})
