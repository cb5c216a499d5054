import t from 'tap'
import { Breaker } from '../../dist/remote/breaker.js'
import { SimulatedProcess, Simulation } from '../simulation/simulation.js'

function makeBreaker() {
  const simulation = new Simulation(1)
  const told: string[] = []
  const probes: { atMs: number; answer: (succeeded: boolean) => void }[] = []
  const breaker = new Breaker(
    { failures: 3, firstProbeMs: 100, longestProbeMs: 400 },
    new SimulatedProcess(simulation).clock,
    () => 1,
    {
      probe: () =>
        new Promise((answer) => {
          probes.push({ atMs: simulation.nowMs, answer })
        }),
      closed: () => told.push('closed'),
      opened: (why) => told.push(`opened: ${why}`),
    },
  )
  return { simulation, told, probes, breaker }
}

t.test('it begins open, and closes when a probe succeeds', async (t) => {
  const { simulation, told, probes, breaker } = makeBreaker()
  t.equal(breaker.isClosed, false)
  breaker.probeNow()
  t.equal(breaker.state, 'half-open')
  probes[0]?.answer(true)
  await simulation.advance(0)
  t.equal(breaker.isClosed, true)
  t.same(told, ['closed'])
})

t.test('failures in a row open it, and a success in between does not let them add up', async (t) => {
  const { simulation, told, probes, breaker } = makeBreaker()
  breaker.probeNow()
  probes[0]?.answer(true)
  await simulation.advance(0)
  breaker.failed('slow')
  breaker.failed('slow')
  breaker.succeeded()
  breaker.failed('slow')
  breaker.failed('slow')
  t.equal(breaker.isClosed, true)
  breaker.failed('slow')
  t.equal(breaker.isClosed, false)
  t.same(told, ['closed', 'opened: slow'])
})

t.test('while it is open it probes ever more rarely, up to a bound, and tells once', async (t) => {
  const { simulation, told, probes, breaker } = makeBreaker()
  breaker.probeNow()
  probes[0]?.answer(true)
  await simulation.advance(0)
  for (let at = 0; at < 3; at++) breaker.failed('slow')
  for (let at = 1; at <= 5; at++) {
    await simulation.advance(1000)
    t.equal(breaker.state, 'half-open', 'it waits for the answer of a probe before the next one')
    probes[at]?.answer(false)
    breaker.failed('still slow')
    await simulation.advance(0)
    t.equal(breaker.state, 'open')
  }
  t.same(told, ['closed', 'opened: slow'])
  const waits = probes.slice(1).map(({ atMs }, at) => atMs - 1000 * at)
  t.same(waits, [100, 200, 400, 400, 400])
})

t.test('a probe from before a change of state says nothing any more', async (t) => {
  const { simulation, probes, breaker } = makeBreaker()
  breaker.probeNow()
  breaker.open('the connection was lost')
  probes[0]?.answer(true)
  await simulation.advance(10_000)
  t.equal(breaker.isClosed, false)
  t.equal(probes.length, 1, 'and without a connection there are no others')
})

t.test('what was never closed tells once that it is open', async (t) => {
  const { told, breaker } = makeBreaker()
  breaker.open('refused')
  breaker.open('refused')
  t.same(told, ['opened: refused'])
})
