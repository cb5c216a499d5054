import t from 'tap'
import { scaleChart, scaleMarkdown } from '../dist/scale/report.js'
import { SCALE_FORMAT, type ScaleResults, type ScaleSlot } from '../dist/scale/result.js'
import { type ScaleSettings, setupsOf } from '../dist/scale/settings.js'
import { findingsOf, rowsOf, verificationOf, warningsOf } from '../dist/scale/summary.js'
import { encodeHistogram, newHistogram } from '../dist/stats/histogram.js'

const SETTINGS: ScaleSettings = {
  threads: 1,
  seed: 1,
  sampleOneIn: 100,
  workspaces: 1000,
  replicaCounts: [1, 2],
  quota: { cores: 0.05, periodMs: 100 },
  rounds: 2,
  slotSeconds: 1,
  warmupSeconds: 1,
  connectionsPerReplica: 32,
}

/** Every setup under each of its loads, twice; `change` says what is otherwise in a slot. */
function slotsWith(change: (slot: ScaleSlot, replicas: number) => Partial<ScaleSlot>): ScaleSlot[] {
  return [1, 2].flatMap(() =>
    setupsOf(SETTINGS).flatMap(({ name, replicas, loads }) =>
      loads.map((load): ScaleSlot => {
        const latencies = newHistogram()
        latencies.recordValue(900)
        const requests = load === 'saturation' ? 1000 * replicas : load
        const slot = {
          setup: name,
          load,
          startedAt: '2025-01-01T00:00:00.000Z',
          seconds: 1,
          requests,
          statuses: { 200: requests },
          errors: 0,
          checked: 10,
          wrong: 0,
          wrongAnswers: [],
          latencies: encodeHistogram(latencies),
          quotaUsed: 1,
          cpuPerRequest: 50,
          machineIdle: 0.4,
          generatorUtilization: 0.3,
        }
        return { ...slot, ...change(slot, replicas) }
      }),
    ),
  )
}

function resultsOf(slots: readonly ScaleSlot[]): ScaleResults {
  const rows = rowsOf(SETTINGS, slots)
  return {
    format: SCALE_FORMAT,
    startedAt: '2025-01-01T00:00:00.000Z',
    machine: { cpu: 'a CPU', cores: 2, memoryBytes: 1e9, system: 'linux', loadAverage: 0 },
    versions: { node: 'v20' },
    settings: SETTINGS,
    store: 'embedded',
    cgroupVersion: 1,
    rows,
    slots,
    findings: findingsOf(rows, slots),
    verification: verificationOf(slots),
    warnings: warningsOf(rows, slots, 'embedded'),
  }
}

const saturated = (slot: ScaleSlot, setup: string): boolean =>
  slot.load === 'saturation' && slot.setup === setup

t.test('replicas that scale as they shall, and fast answers, reach every aim', async (t) => {
  const { findings, rows, warnings } = resultsOf(slotsWith(() => ({})))
  t.same(
    findings.map(({ reached }) => reached),
    [true, true],
  )
  t.equal(rows.find(({ setup, load }) => setup.name === '2 replicas' && load === 'saturation')?.speedup, 2)
  t.same(warnings, [])
})

t.test(
  'the speed-up is to one replica of the same round, so that a machine that drifts does not change it',
  async (t) => {
    const all = slotsWith(() => ({}))
    // The second round is on a machine half as fast.
    const drifting = all.map((slot, place) =>
      place < all.length / 2 ? slot : { ...slot, requests: slot.requests / 2 },
    )
    t.equal(
      resultsOf(drifting).rows.find(({ setup, speedup }) => setup.replicas === 2 && speedup)?.speedup,
      2,
    )
  },
)

t.test('replicas that get in one another’s way miss the aim', async (t) => {
  const slots = slotsWith((slot) => (saturated(slot, '2 replicas') ? { requests: 1700 } : {}))
  t.match(resultsOf(slots).findings[0], {
    reached: false,
    measured: '1.70 times; as many of bare Fastify, the control: 2.00 times',
  })
})

t.test('slow or wrong answers through the microcache miss the aim', async (t) => {
  const slow = newHistogram()
  slow.recordValue(20_000)
  const wrongs: Partial<ScaleSlot>[] = [
    { latencies: encodeHistogram(slow) },
    { wrong: 1 },
    { errors: 1 },
    { requests: 3000, unsent: 400 },
  ]
  for (const wrong of wrongs) {
    const slots = slotsWith(({ setup }) => (setup.includes('microcache') ? wrong : {}))
    t.equal(resultsOf(slots).findings[1]?.reached, false)
  }
})

t.test('that fewer requests came by chance is no overload', async (t) => {
  const slots = slotsWith(({ load }) => (load === 3400 ? { requests: 3300, unsent: 0 } : {}))
  const results = resultsOf(slots)
  t.equal(results.findings[1]?.reached, true)
  t.notMatch(scaleMarkdown(results), '(overloaded)')
})

t.test('a machine that was the limit in place of the replicas is told', async (t) => {
  const full = { quotaUsed: 0.6, machineIdle: 0.01 }
  const slots = slotsWith((slot) => (saturated(slot, '2 replicas') ? full : {}))
  t.match(resultsOf(slots).warnings, [
    /^2 replicas, at saturation: the limit was this machine: the replicas used 60 %/,
  ])
  const idle = slotsWith((slot) => (saturated(slot, '2 replicas') ? { ...full, machineIdle: 0.5 } : {}))
  t.match(resultsOf(idle).warnings, [/the limit was neither the replicas nor this machine/])
})

t.test('a request that costs many replicas more than one alone is told', async (t) => {
  const slots = slotsWith((slot) =>
    saturated(slot, '2 replicas') ? { cpuPerRequest: 100, requests: 1000 } : {},
  )
  t.match(resultsOf(slots).warnings, [/2 replicas 100 µs of CPU and one alone 50 µs.* 2\.00 times as fast/])
})

t.test('the report has every setup, the published figures, and says what was overloaded', async (t) => {
  const slots = slotsWith((slot) =>
    slot.setup === 'before' && slot.load === 400 ? { requests: 100, unsent: 300 } : {},
  )
  const text = scaleMarkdown(resultsOf(slots))
  for (const part of ['2.4 s', '27 ms', '| 1 replica ', '| 2 replicas, microcache ', '(overloaded)', 'Holds'])
    t.match(text, part)
})

t.test('the plot has the measured line and the ideal one', async (t) => {
  const { series } = scaleChart(resultsOf(slotsWith(() => ({}))))
  t.same(
    series.map(({ name, runs }) => [name, runs.flat().at(-1)]),
    [
      ['measured', [2, 2000]],
      ['ideal', [2, 2000]],
    ],
  )
})
