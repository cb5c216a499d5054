import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { Random } from '../dist/ids/random.js'
import type { DrivenClient } from '../dist/load/autocannon-client.js'
import { type ArrivalSettings, Pacer } from '../dist/load/pacer.js'

/** A client whose server answers when the test says so. */
class HeldClient implements DrivenClient {
  sent = 0
  readonly requestIterator = {} as DrivenClient['requestIterator']

  on(): void {}

  _doRequest(): void {
    this.sent++
  }

  /** As the real one: it is free once it is connected, and after each answer. */
  free(): void {
    this._doRequest()
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn()
}

function pacerOf(
  settings: Partial<ArrivalSettings> = {},
  onLateness: (ms: number) => void = () => {},
): Pacer {
  const { requestsPerSecond = 1000, arrivals = 'constant' } = settings
  return new Pacer({ requestsPerSecond, arrivals }, new Random(1), onLateness)
}

t.test('a client that is free waits until a request is due', async (t) => {
  const pacer = pacerOf()
  const client = new HeldClient()
  pacer.take(client)
  client.free()
  t.equal(client.sent, 0)
  pacer.start()
  t.teardown(() => pacer.stop())
  await until(() => client.sent === 1)
})

t.test(
  'requests that fall due while the server is stuck wait, and their wait is part of their latency',
  async (t) => {
    const pacer = pacerOf()
    const client = new HeldClient()
    pacer.take(client)
    client.free()
    pacer.start()
    t.teardown(() => pacer.stop())

    // One connection, and its request is not answered: all that fall due meanwhile wait.
    await until(() => pacer.unsentMs().length >= 5)
    pacer.stop()
    const waiting = pacer.unsentMs()
    t.equal(client.sent, 1)
    t.equal(pacer.inFlightMs().length, 1)
    t.ok(pacer.latencyMs(client, 0) < (waiting[0] ?? 0) + 1000)

    // The server is well again and answers at once; each of the waiting was due 1 ms after the one before it.
    const latencies: number[] = []
    while (pacer.unsentMs().length > 0) {
      client.free()
      latencies.push(pacer.latencyMs(client, 0))
    }
    t.equal(client.sent, 1 + waiting.length)
    t.equal(latencies.length, waiting.length)
    latencies.forEach((latency, place) => {
      t.ok(
        latency >= (waiting[place] ?? 0),
        `${latency} ms is at least the ${waiting[place]} ms it had waited`,
      )
    })
  },
)

t.test('clients take turns, and one that reports itself free twice is given one request', async (t) => {
  const pacer = pacerOf()
  const clients = [new HeldClient(), new HeldClient()]
  for (const client of clients) {
    pacer.take(client)
    client.free()
    client.free()
  }
  pacer.start()
  t.teardown(() => pacer.stop())
  await until(() => pacer.unsentMs().length >= 2)
  t.same(
    clients.map(({ sent }) => sent),
    [1, 1],
  )
})

for (const arrivals of ['constant', 'poisson'] as const) {
  t.test(`${arrivals} arrivals come at the rate that was asked for`, async (t) => {
    const requestsPerSecond = 20_000
    const pacer = pacerOf({ requestsPerSecond, arrivals })
    const startedMs = performance.now()
    pacer.start()
    t.teardown(() => pacer.stop())
    await until(() => pacer.unsentMs().length >= 5000)
    // All wait, as there is no client: the oldest was due when the first gap ended.
    const unsent = pacer.unsentMs()
    const oldest = unsent[0] ?? 0
    const newest = unsent.at(-1) ?? 0
    const rate = ((unsent.length - 1) * 1000) / (oldest - newest)
    t.ok(Math.abs(rate / requestsPerSecond - 1) < 0.08, `${rate} requests/s`)
    t.ok(oldest <= performance.now() - startedMs)
  })
}

t.test('the generator tells how late it was itself', async (t) => {
  const lateness: number[] = []
  const pacer = pacerOf({}, (ms) => lateness.push(ms))
  const client = new HeldClient()
  pacer.take(client)
  client.free()
  pacer.start()
  t.teardown(() => pacer.stop())
  await until(() => client.sent === 1)
  t.equal(lateness.length, 1)
  t.ok((lateness[0] ?? -1) >= 0)
})
