import t from 'tap'
import { CallBound, CallTimedOut } from '../../dist/remote/call-bound.js'
import { SimulatedProcess, Simulation } from '../simulation/simulation.js'

function makeBound() {
  const simulation = new Simulation(1)
  const process = new SimulatedProcess(simulation)
  const bound = new CallBound(process.clock, 50)
  const told: string[] = []
  /** A call that is answered after so many milliseconds, if ever. */
  const call = (name: string, answeredInMs?: number, fails = false) => {
    const work = new Promise<string>((resolve, reject) => {
      if (answeredInMs === undefined) return
      simulation.after(answeredInMs, () => (fails ? reject(new Error('failed')) : resolve('done')), process)
    })
    bound.run(
      work,
      (value) => told.push(`${name} ${value} at ${simulation.nowMs}`),
      (error) =>
        told.push(`${name} ${error instanceof CallTimedOut ? 'timed out' : 'failed'} at ${simulation.nowMs}`),
    )
  }
  return { simulation, process, told, call }
}

t.test('a call has its answer, its error, or no answer in time, and nothing after that', async (t) => {
  const { simulation, told, call } = makeBound()
  call('a', 10)
  call('b', 20, true)
  call('c', 200)
  call('d')
  await simulation.advance(30)
  call('e')
  call('f', 45)
  await simulation.advance(1000)
  t.same(told, [
    'a done at 10',
    'b failed at 20',
    'c timed out at 50',
    'd timed out at 50',
    'f done at 75',
    'e timed out at 80',
  ])
})

t.test('a call whose answer arrived while the process was stopped has it', async (t) => {
  const { simulation, process, told, call } = makeBound()
  call('answered', 40)
  call('not answered')
  process.pause(500)
  await simulation.advance(1000)
  t.same(told, ['answered done at 500', 'not answered timed out at 500'])
})

t.test('thousands of calls are each settled once', async (t) => {
  const { simulation, told, call } = makeBound()
  for (let at = 0; at < 5000; at++) call(`${at}`, at % 3 === 0 ? undefined : (at * 7) % 90, at % 5 === 0)
  await simulation.advance(1000)
  t.equal(told.length, 5000)
  t.equal(new Set(told.map((text) => text.split(' ')[0])).size, 5000)
})
