import { PhotosError, repositoryUnavailable } from 'photos-domain'
import t from 'tap'
import { resuming } from '../dist/migrate/resuming.js'

/** No waiting between attempts. */
const AT_ONCE = { baseDelayMs: 0, maxDelayMs: 0 }
const away = repositoryUnavailable('away')

async function collect<T>(elements: AsyncIterable<T>, into: T[] = []): Promise<T[]> {
  for await (const element of elements) into.push(element)
  return into
}

t.test('after an outage it goes on behind the last element', async (t) => {
  const opened: (number | undefined)[] = []
  async function* open(last: number | undefined) {
    opened.push(last)
    for (let n = (last ?? 0) + 1; n <= 5; n++) {
      yield n
      if (n % 2 === 0) throw away
    }
  }
  t.strictSame(await collect(resuming(open, AT_ONCE)), [1, 2, 3, 4, 5])
  t.strictSame(opened, [undefined, 2, 4])
})

t.test('an outage that lasts is thrown once time is up, with what came until then', async (t) => {
  let opened = 0
  async function* open(last: number | undefined) {
    opened++
    if (last === undefined) yield 1
    throw away
  }
  const came: number[] = []
  await t.rejects(collect(resuming(open, { ...AT_ONCE, forMs: 20 }), came), away)
  t.strictSame(came, [1])
  t.ok(opened > 1)
})

t.test('what another attempt would not mend is thrown at once', async (t) => {
  const corrupt = new PhotosError('CORRUPT_RECORD', 'no list')
  let opened = 0
  const open = (): AsyncIterable<number> => {
    opened++
    throw corrupt
  }
  await t.rejects(collect(resuming(open, AT_ONCE)), corrupt)
  t.equal(opened, 1)
})

t.test('an abort ends the waiting with the error', async (t) => {
  const controller = new AbortController()
  const open = (): AsyncIterable<number> => {
    controller.abort()
    throw away
  }
  const elements = resuming(open, {
    baseDelayMs: 2 ** 30,
    maxDelayMs: 2 ** 30,
    forMs: 2 ** 31,
    signal: controller.signal,
  })
  await t.rejects(collect(elements), away)
})
