import { createHash } from 'node:crypto'
import { encodePhotos, isWorkspaceId, parsePhotoList } from 'photos-domain'
import {
  DEFAULT_SEED,
  MAX_SAMPLE_WORKSPACES,
  sampleContent,
  samplePhotos,
  sampleWorkspaceId,
} from 'photos-samples'
import t from 'tap'

const indexes = Array.from({ length: 20_000 }, (_, index) => index)

t.test('the same seed and index make the same photos, in every version of this package', async (t) => {
  t.strictSame(samplePhotos(123, 7), samplePhotos(123, 7))
  t.strictSame(samplePhotos(5), samplePhotos(5, DEFAULT_SEED))
  const digest = createHash('sha256')
  for (const index of indexes.slice(0, 1000)) digest.update(sampleContent(index, 42).photos)
  t.equal(digest.digest('hex'), 'af8b7629c0fa6b27d1f84e4b4712d14484fb17a3f710424cce2e78bfceec4f63')
})

t.test('another seed or another index makes other photos', async (t) => {
  const seeds = [0, 1, -1, 2 ** 32, 2 ** 32 + 1, -(2 ** 32), Number.MAX_SAFE_INTEGER]
  const ids = seeds.flatMap((seed) => [0, 1, 2 ** 20].flatMap((index) => samplePhotos(index, seed)))
  t.equal(new Set(ids.map(({ id }) => id)).size, ids.length)
})

t.test('every workspace is one that the service takes', async (t) => {
  t.strictSame(
    indexes.filter((index) => !isWorkspaceId(sampleWorkspaceId(index))),
    [],
  )
  t.doesNotThrow(() => {
    for (const index of indexes) parsePhotoList(samplePhotos(index))
  })
})

t.test('every photo of every workspace has an id of its own, laid out as a UUID of version 4', async (t) => {
  const ids = indexes.flatMap((index) => samplePhotos(index)).map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length)
  const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  t.strictSame(
    ids.filter((id) => !uuid4.test(id)),
    [],
  )
})

t.test('workspaces have 4 to 7 photos, each number about equally often', async (t) => {
  const counts = new Map<number, number>()
  for (const index of indexes) {
    const { length } = samplePhotos(index)
    counts.set(length, (counts.get(length) ?? 0) + 1)
  }
  t.strictSame([...counts.keys()].sort(), [4, 5, 6, 7])
  for (const [length, count] of counts) {
    t.ok(Math.abs(count - 5000) < 300, `${count} of 20000 have ${length}`)
  }
})

t.test('a workspace takes 970 bytes on average', async (t) => {
  const bytes = indexes.reduce((sum, index) => sum + sampleContent(index).photos.length, 0)
  t.ok(Math.abs(bytes / indexes.length - 970) < 10, `${bytes / indexes.length} bytes`)
})

t.test('the content is the photos in canonical bytes, without receipts', async (t) => {
  t.strictSame(sampleContent(9, 3), { photos: encodePhotos(samplePhotos(9, 3)) })
})

t.test('the order of the ids is the order of the indexes', async (t) => {
  const ids = [0, 1, 9, 10, 99, 100, 999_999, 1_000_000, MAX_SAMPLE_WORKSPACES - 1].map(sampleWorkspaceId)
  t.strictSame([...ids].sort(), ids)
  t.equal(ids[0], 'sample-000000000')
})

t.test('an index or a seed out of range is refused', async (t) => {
  for (const index of [-1, 0.5, Number.NaN, MAX_SAMPLE_WORKSPACES]) {
    t.throws(() => samplePhotos(index), { name: 'RangeError', message: /^index / })
    t.throws(() => sampleWorkspaceId(index), { name: 'RangeError', message: /^index / })
  }
  for (const seed of [0.5, Number.NaN, 2 ** 53]) {
    t.throws(() => samplePhotos(0, seed), { name: 'RangeError', message: /^seed / })
  }
})
