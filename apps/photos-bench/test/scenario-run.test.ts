import t from 'tap'
import { SetupError } from '../dist/errors.js'
import { isValid, type ScenarioResult } from '../dist/run/result.js'
import { type MeasuredSlot, runScenario } from '../dist/run/scenario-run.js'
import { summarizeScenario } from '../dist/run/summary.js'
import { warningsOf } from '../dist/run/warnings.js'
import type { Scenario } from '../dist/scenario/schema.js'
import { freePort, startServerProcess } from '../dist/subjects/server-process.js'
import type { Subject } from '../dist/subjects/subject.js'
import { SCENARIO, slot } from './support/results.js'
import { type Fault, sampleSubject } from './support/sample-server.js'

const SHORT: Scenario = { ...SCENARIO, rounds: 2, slotSeconds: 0.3, warmupSeconds: 0.2, connections: 4 }
const settings = { threads: 1, seed: 1, sampleOneIn: 2 }

interface Setting {
  readonly scenario?: Scenario
  readonly fault?: Fault
  readonly target?: Subject
  readonly control?: Subject
  readonly signal?: AbortSignal
  readonly progress?: (text: string) => void
}

async function run(setting: Setting = {}): Promise<ScenarioResult> {
  return summarizeScenario(setting.scenario ?? SHORT, await measure(setting))
}

function measure(setting: Setting = {}): Promise<readonly MeasuredSlot[]> {
  const { scenario = SHORT, fault, target = sampleSubject(fault), control = sampleSubject() } = setting
  const { signal = new AbortController().signal, progress = () => {} } = setting
  return runScenario(scenario, {
    settings,
    cacheDir: '/nowhere',
    subjectOf: (name) => (name === 'embedded' ? target : control),
    progress,
    signal,
  })
}

t.test('target and control are measured in turns, and what was seen is summed up', async (t) => {
  const result = await run()
  t.same(
    result.slots.map(({ subject }) => subject),
    ['bare-fastify', 'embedded', 'bare-fastify', 'embedded', 'bare-fastify'],
  )
  t.ok(isValid(result))
  t.same(
    result.subjects.map(({ name, role }) => [name, role]),
    [
      ['embedded', 'target'],
      ['bare-fastify', 'control'],
    ],
  )
  for (const { requests, latency } of result.slots)
    t.ok(requests > 0 && latency.p50 > 0 && latency.p99 >= latency.p50)
  const ratio = result.ratios.find(({ metric }) => metric === 'requestsPerSecond')
  t.equal(ratio?.spread.values.length, 2)
})

t.test('the rounds are divided among the starts, each with servers of its own', async (t) => {
  let started = 0
  const target: Subject = {
    ...sampleSubject(),
    start: (context) => {
      started++
      return sampleSubject().start(context)
    },
  }
  const result = await run({ target, scenario: { ...SHORT, rounds: 3, starts: 2, warmupSeconds: 0 } })
  t.equal(started, 2)
  const [b, a] = ['bare-fastify', 'embedded']
  t.same(
    result.slots.map(({ subject }) => subject),
    [b, a, b, b, a, b, a, b],
  )
  t.equal(result.ratios[0]?.spread.values.length, 3)
})

t.test('a target that answers wrongly makes the run invalid, and the report says with what', async (t) => {
  const result = await run({ fault: (answer) => ({ ...answer, body: '[]' }) })
  t.notOk(isValid(result))
  t.match(result.verification.wrongAnswers[0], {
    subject: 'embedded',
    request: /^GET /,
    problem: /instead of/,
  })
})

t.test('connections that failed are counted by subject', async (t) => {
  const slots = await measure()
  const failing = slots.map((slot) =>
    slot.subject === 'embedded' ? { ...slot, report: { ...slot.report, errors: 2 } } : slot,
  )
  const { verification } = summarizeScenario(SHORT, failing)
  t.equal(verification.errors, 4)
  t.strictSame(verification.errorsBySubject, { embedded: 4 })
})

t.test('a control that answers wrongly makes the run invalid too', async (t) => {
  t.notOk(isValid(await run({ control: sampleSubject(() => ({ status: 500, body: '' })) })))
})

t.test('what was started is stopped when something else does not start', async (t) => {
  let stopped = false
  const control: Subject = {
    ...sampleSubject(),
    async start(context) {
      const running = await sampleSubject().start(context)
      return {
        ...running,
        stop: async () => {
          stopped = true
          await running.stop()
        },
      }
    },
  }
  const target: Subject = {
    ...sampleSubject(),
    start: async () => {
      throw new SetupError('no such store')
    },
  }
  await t.rejects(run({ control, target }), { message: 'no such store' })
  t.ok(stopped)
})

t.test('a server that dies while it is measured ends the run with what it said', async (t) => {
  const dies = `
    const server = require('node:http').createServer((request, response) => {
      if (request.url === '/ready') return response.end()
      console.error('out of luck')
      process.exit(7)
    })
    server.listen(Number(process.env.PORT), '127.0.0.1')`
  const target: Subject = {
    ...sampleSubject(),
    async start() {
      const port = await freePort()
      return startServerProcess({
        name: 'unlucky',
        args: ['-e', dies],
        env: { PORT: String(port) },
        port,
        readyPath: '/ready',
      })
    },
  }
  await t.rejects(run({ target }), { message: /unlucky ended \(exit code 7\); it said:\nout of luck/ })
})

t.test('a server that does not come up is told with what it said', async (t) => {
  const port = await freePort()
  await t.rejects(
    startServerProcess({
      name: 'broken',
      args: ['-e', 'throw new Error("bad configuration")'],
      env: {},
      port,
      readyPath: '/',
    }),
    { message: /broken ended .*bad configuration/s },
  )
})

t.test('an interrupted run rejects with the reason', async (t) => {
  const controller = new AbortController()
  const reason = new SetupError('interrupted')
  const progress = (text: string): void => {
    if (text.startsWith('slot 1')) controller.abort(reason)
  }
  await t.rejects(run({ signal: controller.signal, progress }), reason)
})

t.test('a generator without CPU to spare is warned of, unless the server had none either', async (t) => {
  const slots = (generatorUtilization: number, busySeconds: number) =>
    ['bare-fastify', 'embedded'].map((subject) => ({
      ...slot({ subject, busySeconds }),
      generatorUtilization,
    }))
  t.match(warningsOf(SCENARIO, slots(0.99, 0.6)), [/load generator was busy 99 %/, /load generator/])
  t.same(warningsOf(SCENARIO, slots(0.99, 0.97)), [])
  t.same(warningsOf(SCENARIO, slots(0.7, 0.6)), [])
})

t.test(
  'servers that had to wait for a CPU or a disk, and rates that were not reached, are warned of',
  async (t) => {
    const waiting = ['bare-fastify', 'embedded'].map((subject) => ({
      ...slot({ subject }),
      cpu: { busySeconds: 0.6, waitingSeconds: 0.3, majorFaults: 0 },
    }))
    t.match(warningsOf(SCENARIO, waiting), [/waited 30 % of the time/, /waited 30 %/])
    const paging = ['bare-fastify', 'embedded'].map((subject) => ({
      ...slot({ subject }),
      cpu: { busySeconds: 0.6, waitingSeconds: 0, majorFaults: subject === 'embedded' ? 500 : 0 },
    }))
    t.match(warningsOf(SCENARIO, paging), [/^embedded: read a page from disk in 50 % of the requests/])
    const atRate = { ...SCENARIO, requestsPerSecond: 2000 }
    const slow = ['bare-fastify', 'embedded'].map((subject) => ({ ...slot({ subject }), unsent: 500 }))
    t.match(warningsOf(atRate, slow), [/answered only 50 % of 2000 requests/, /answered only 50 %/])
  },
)
