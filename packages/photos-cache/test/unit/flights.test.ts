import type { WorkspaceRecord } from 'photos-domain'
import t from 'tap'
import { Flights, FreshReads } from '../../dist/flights.js'

const recordOf = (version: string): WorkspaceRecord => ({ version, photos: Buffer.from('[]') })

/** Resolves when every promise that can settle has. */
const microtasks = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A read that is answered when it is told to. */
function heldRead() {
  let answer: (record: WorkspaceRecord) => void = () => {}
  let fail: (error: Error) => void = () => {}
  const record = new Promise<WorkspaceRecord>((resolve, reject) => {
    answer = resolve
    fail = reject
  })
  return { record, answer, fail }
}

t.test('a flight is joined until it has landed', async (t) => {
  const flights = new Flights()
  const { record, answer } = heldRead()
  const flight = { asOfMs: 1, record }
  flights.add('w', flight)
  t.equal(flights.get('w'), flight)
  t.equal(flights.get('other'), undefined)
  answer(recordOf('1'))
  await record
  t.equal(flights.get('w'), undefined)
})

t.test(
  'a flight of an epoch that has ended is not joined, and its landing leaves the next one alone',
  async (t) => {
    const flights = new Flights()
    const first = heldRead()
    const second = heldRead()
    flights.add('w', { asOfMs: 1, record: first.record })
    flights.endEpoch('w')
    t.equal(flights.get('w'), undefined)
    const flight = { asOfMs: 2, record: second.record }
    flights.add('w', flight)
    first.answer(recordOf('1'))
    await first.record
    t.equal(flights.get('w'), flight)
  },
)

t.test('a flight that failed is not joined any more', async (t) => {
  const flights = new Flights()
  const { record, fail } = heldRead()
  flights.add('w', { asOfMs: 1, record })
  fail(new Error('away'))
  await t.rejects(record)
  t.equal(flights.get('w'), undefined)
})

t.test('fresh reads never join one that has begun, and share the next one', async (t) => {
  const fresh = new FreshReads()
  const begun: ReturnType<typeof heldRead>[] = []
  const load = () => {
    const read = heldRead()
    begun.push(read)
    return read.record
  }
  const first = fresh.read('w', load)
  const second = fresh.read('w', load)
  const third = fresh.read('w', load)
  t.equal(begun.length, 1, 'one is under way at a time')
  begun[0]?.answer(recordOf('1'))
  t.equal((await first).version, '1')
  await microtasks()
  t.equal(begun.length, 2)
  const fourth = fresh.read('w', load)
  begun[1]?.answer(recordOf('2'))
  t.same([(await second).version, (await third).version], ['2', '2'], 'those who came meanwhile share one')
  await microtasks()
  t.equal(begun.length, 3, 'and those who came after it had begun have another one')
  begun[2]?.answer(recordOf('3'))
  t.equal((await fourth).version, '3')
})

t.test('a fresh read that fails is followed by the next one', async (t) => {
  const fresh = new FreshReads()
  const failing = heldRead()
  const first = fresh.read('w', () => failing.record)
  const second = fresh.read('w', async () => recordOf('2'))
  failing.fail(new Error('away'))
  await t.rejects(first, { message: 'away' })
  t.equal((await second).version, '2')
  t.equal((await fresh.read('w', async () => recordOf('3'))).version, '3')
})
