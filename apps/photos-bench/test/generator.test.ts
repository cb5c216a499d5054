import t, { type Test } from 'tap'
import { Generator, type Load } from '../dist/load/generator.js'
import { decodeHistogram } from '../dist/stats/histogram.js'
import { type Fault, SAMPLE_ETAG, SampleServer } from './support/sample-server.js'

const MEASURE_MS = 400

const generator = new Generator(2)
t.teardown(() => generator.close())

async function serve(t: Test, fault?: Fault): Promise<SampleServer> {
  const server = await SampleServer.start(fault)
  t.teardown(() => server.close())
  return server
}

const loadOf = ({ origin }: SampleServer, changes: Partial<Load> = {}): Load => ({
  origin,
  answers: { kind: 'samples' },
  scenario: { workspaces: 1000, ids: { kind: 'uniform' }, mix: { collection: 1, photo: 1 } },
  connections: 4,
  seed: [1],
  prepare: 100,
  sampleOneIn: 2,
  ...changes,
})

t.test('right answers are counted, their latencies recorded and bodies checked', async (t) => {
  const server = await serve(t)
  const report = await generator.run(loadOf(server), MEASURE_MS)
  t.ok(report.requests > 0)
  t.match(report, { wrong: 0, errors: 0, timeouts: 0, statuses: { 200: report.requests } })
  t.ok(report.checked > report.requests / 4)
  t.equal(decodeHistogram(report.latencies).totalCount, report.requests)
  t.equal(
    report.throughput.reduce((sum, count) => sum + count, 0),
    report.requests,
  )
  t.ok(report.utilization > 0 && report.utilization <= 1)
})

t.test('one body in a hundred that is of another workspace is found', async (t) => {
  let answers = 0
  const server = await serve(t, (answer) =>
    ++answers % 100 === 0 ? { ...answer, body: answer.body.replace(/"id":"./, '"id":"z') } : answer,
  )
  const report = await generator.run(loadOf(server, { sampleOneIn: 1 }), MEASURE_MS)
  t.ok(report.wrong > 0)
  t.match(report.wrongAnswers[0], { request: /^GET \/api\/photos\//, problem: /"id":"z.* instead of/ })
  t.ok(report.wrongAnswers.length <= 10, 'some are kept as examples, not all')
})

t.test('an empty list is wrong, however fast', async (t) => {
  const server = await serve(t, (answer) => ({ ...answer, body: '[]' }))
  const report = await generator.run(loadOf(server), MEASURE_MS)
  t.equal(report.wrong > 0, true)
})

t.test('errors are wrong, whether their bodies are checked or not', async (t) => {
  const server = await serve(t, () => ({ status: 503, body: 'busy' }))
  const report = await generator.run(loadOf(server, { sampleOneIn: 1_000_000 }), MEASURE_MS)
  t.ok(report.wrong >= report.requests)
  t.match(report.statuses, { 503: report.requests })
})

t.test('an answer without an ETag to a request that must bring one is wrong', async (t) => {
  const server = await serve(t, ({ status, body }) => ({ status, body }))
  const scenario = { workspaces: 1000, ids: { kind: 'uniform' as const }, mix: { revalidate: 1 } }
  const report = await generator.run(loadOf(server, { scenario }), MEASURE_MS)
  t.match(report.wrongAnswers[0], { problem: 'no ETag' })
})

t.test('copies are revalidated with the ETag that was learnt, and 304 is right', async (t) => {
  const server = await serve(t)
  const scenario = { workspaces: 10, ids: { kind: 'uniform' as const }, mix: { revalidate: 1 } }
  const report = await generator.run(loadOf(server, { scenario }), MEASURE_MS)
  t.equal(report.wrong, 0)
  t.ok((report.statuses['304'] ?? 0) > 0, SAMPLE_ETAG)
})

t.test('the same seed asks for the same, another one for others', async (t) => {
  const asked = async (seed: number): Promise<string[]> => {
    const server = await serve(t)
    await generator.run(loadOf(server, { seed: [seed], connections: 1 }), MEASURE_MS)
    return server.requests.slice(0, 20)
  }
  const [one, again, other] = [await asked(1), await asked(1), await asked(2)]
  t.equal(one.length, 20)
  t.same(one, again)
  t.notSame(one, other)
})

t.test('the threads do not ask for the same', async (t) => {
  const server = await serve(t)
  const scenario = { workspaces: 1e9, ids: { kind: 'uniform' as const }, mix: { collection: 1 } }
  await generator.run(loadOf(server, { scenario, connections: 2 }), MEASURE_MS)
  const distinct = new Set(server.requests).size
  t.ok(distinct > 0.99 * server.requests.length, `${distinct} of ${server.requests.length}`)
})

t.test(
  'at an arrival rate, what was due and never answered counts with the time it has waited',
  async (t) => {
    const never = new Promise<never>(() => {})
    const server = await serve(t, () => never)
    const arrivals = { requestsPerSecond: 500, arrivals: 'constant' as const }
    const report = await generator.run(loadOf(server, { arrivals }), MEASURE_MS)
    t.equal(report.requests, 0)
    t.ok((report.unsent ?? 0) > 0)
    t.equal(decodeHistogram(report.latencies).totalCount, (report.unsent ?? 0) + 4, 'and the four in flight')
    t.ok(report.lateness !== undefined)
  },
)

t.test('at an arrival rate below what the server can do, no more than that rate is sent', async (t) => {
  const server = await serve(t)
  const arrivals = { requestsPerSecond: 100, arrivals: 'constant' as const }
  const report = await generator.run(loadOf(server, { arrivals }), 1000)
  t.ok(report.requests <= 110, `${report.requests}`)
  t.ok(report.requests > 0)
  t.equal(report.wrong, 0)
})

t.test('fewer connections than threads are not made more', async (t) => {
  const server = await serve(t)
  const report = await generator.run(loadOf(server, { connections: 1 }), MEASURE_MS)
  t.ok(report.requests > 0)
})

for (const broken of ['reset', 'half'] as const) {
  t.test(
    `where a connection breaks (${broken}), the next answers are those of the next requests`,
    async (t) => {
      let answers = 0
      const server = await serve(t, (answer) => (++answers % 50 === 0 ? { ...answer, broken } : answer))
      const report = await generator.run(loadOf(server, { sampleOneIn: 1 }), MEASURE_MS)
      t.ok(report.errors > 0)
      t.ok(report.requests > 10 * report.errors)
      t.same(report.wrongAnswers, [])
    },
  )
}

t.test('a server that refuses connections is told as errors', async (t) => {
  const gone = await SampleServer.start()
  const load = loadOf(gone)
  await gone.close()
  const report = await generator.run(load, MEASURE_MS)
  t.ok(report.errors > 0)
  t.equal(report.requests, 0)
})
