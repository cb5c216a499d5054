import t from 'tap'
import { CHECKS, TOLERANCE } from '../dist/capacity/checks.js'
import { atRate, type BatchedCost, COSTS, type Cost } from '../dist/capacity/costs.js'
import type { Demand } from '../dist/capacity/flow.js'
import { cheapestFleet, INSTANCES } from '../dist/capacity/instances.js'
import { DEFAULT_SETTINGS, planFor } from '../dist/capacity/plan.js'
import { planMarkdown } from '../dist/capacity/plan-table.js'
import { popularity } from '../dist/capacity/popularity.js'
import { pass, readsPerSecond } from '../dist/capacity/tiers.js'

const DEMAND: Demand = {
  requestsPerSecond: 10_000,
  writeShare: 0.05,
  workspaces: 10_000_000,
  zipfExponent: 0.99,
}

t.test('the model comes near to everything that was measured', async (t) => {
  for (const { what, measured, predict } of CHECKS) {
    const predicted = predict(COSTS)
    t.ok(
      Math.abs(predicted / measured - 1) <= TOLERANCE,
      `${what}: ${predicted} where ${measured} was measured`,
    )
  }
})

t.test('every cost is a positive figure that says what measured it', async (t) => {
  for (const [name, cost] of Object.entries<Cost | BatchedCost>(COSTS)) {
    const figures = 'value' in cost ? [cost.value] : cost.points.flat()
    t.ok(figures.length > 0 && figures.every((figure) => figure > 0) && cost.source !== '', name)
  }
})

t.test('what goes in batches costs what was measured at its rate, and goes straight between', async (t) => {
  const cost: BatchedCost = {
    points: [
      [100, 50],
      [200, 30],
    ],
    unit: 'µs of CPU',
    source: '',
  }
  for (const [rate, expected] of [
    [0, 50],
    [100, 50],
    [150, 40],
    [200, 30],
    [1000, 30],
  ] as const) {
    t.equal(atRate(cost, rate), expected)
  }
})

t.test('popularity counts every workspace once and every request once', async (t) => {
  for (const [workspaces, exponent] of [
    [1, 0.99],
    [1000, 0],
    [12_345_678, 0.99],
    [2_000_000_000, 1],
  ] as const) {
    const buckets = popularity(workspaces, exponent)
    t.equal(
      buckets.reduce((total, { count }) => total + count, 0),
      workspaces,
    )
    t.ok(Math.abs(buckets.reduce((total, { count, share }) => total + count * share, 0) - 1) < 1e-9)
    t.ok(
      buckets.every(({ share }, place) => share <= (buckets[place - 1]?.share ?? 1) * 1.000001),
      'most wanted first',
    )
  }
})

t.test('popularity by Zipf is that of its sums', async (t) => {
  const weights = Array.from({ length: 100_000 }, (_, index) => (index + 1) ** -0.99)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const first = weights.slice(0, 1000).reduce((sum, weight) => sum + weight, 0) / total
  const buckets = popularity(100_000, 0.99).slice(0, 1000)
  const modelled = buckets.reduce((sum, { count, share }) => sum + count * share, 0)
  t.ok(Math.abs(modelled / first - 1) < 0.01, `${modelled} and ${first}`)
})

t.test('a tier answers what its life and its room allow', async (t) => {
  const streams = [{ count: 100, reads: 1, writes: 0 }]
  const tier = { caches: 1, lifeSeconds: 1, onWrite: 'ignored' } as const
  t.equal(pass(streams, tier).hitShare, 0.5, 'every second read finds the copy of the one before')
  t.equal(pass(streams, { ...tier, caches: 3 }).hitShare, 0.25, 'each of three caches sees a third')
  t.equal(pass(streams, { ...tier, leastRate: 1.1 }).hitShare, 0, 'too seldom to be kept')
  t.equal(
    pass(streams, { ...tier, lifeSeconds: 1e9, records: 25 }).hitShare.toFixed(3),
    '0.250',
    'a quarter fits',
  )
  const written = [{ count: 100, reads: 1, writes: 1 }]
  t.equal(pass(written, { ...tier, onWrite: 'ends' }).hitShare.toFixed(3), '0.333')
  t.equal(pass(written, { ...tier, onWrite: 'renews' }).hitShare.toFixed(3), '0.667')
  t.equal(readsPerSecond(pass(streams, tier).rest), 50, 'what it does not answer goes on')
})

t.test('of the machines that are enough the cheapest are taken', async (t) => {
  const need = { cores: 1, memoryBytes: 0, networkBitsPerSecond: 0, atLeast: 1 }
  for (const cores of [0.1, 1, 10]) {
    const fleet = cheapestFleet({ ...need, cores })
    if (fleet === undefined) throw new Error('there is none')
    const { instance, machines, dollarsPerMonth } = fleet
    t.ok(machines * instance.sustainedCores >= cores)
    for (const other of INSTANCES) {
      const alone = cheapestFleet({ ...need, cores }, [other])
      t.ok(alone !== undefined && alone.dollarsPerMonth >= dollarsPerMonth, other.name)
    }
  }
  t.match(cheapestFleet({ ...need, memoryBytes: 100e9 }), { boundBy: 'memory' })
  t.equal(cheapestFleet({ ...need, cores: 100, atMost: 1 }), undefined, 'none is that large')
  t.match(cheapestFleet({ ...need, cores: 0.01, atLeast: 3 }), { boundBy: 'least number', machines: 3 })
})

t.test('a plan gives each part what it is asked for, with reserve', async (t) => {
  const plan = planFor(DEMAND, COSTS)
  for (const part of ['edge', 'replicas', 'redis', 'couchdb'] as const) {
    const { machines, instance } = plan.fleets[part]
    const cores = machines * instance.sustainedCores
    t.ok(cores >= (plan.busy[part] / DEFAULT_SETTINGS.utilization) * 0.999, part)
  }
  t.ok(plan.processes >= 2)
  t.ok(plan.busy.redis / plan.cells <= DEFAULT_SETTINGS.utilization)
  t.equal(plan.flow.writes, 500)
  t.ok(plan.fleets.couchdb.machines >= 3)
})

t.test('more load never needs less', async (t) => {
  let last = 0
  for (const factor of [1, 10, 100]) {
    const { dollarsPerMonth } = planFor({ ...DEMAND, requestsPerSecond: 10_000 * factor }, COSTS)
    t.ok(dollarsPerMonth > last)
    last = dollarsPerMonth
  }
  const larger = planFor({ ...DEMAND, workspaces: 1e9 }, COSTS)
  t.ok(larger.diskBytes > planFor(DEMAND, COSTS).diskBytes)
  t.ok(larger.q > planFor(DEMAND, COSTS).q)
})

t.test('a million requests a second over ten billion photos have a plan without a hole in it', async (t) => {
  const plan = planFor({ ...DEMAND, requestsPerSecond: 1e6, workspaces: 1_818_181_818 }, COSTS)
  t.ok(plan.cells > 1, 'one Redis is not enough')
  const text = planMarkdown(plan, COSTS)
  t.notMatch(text, /NaN|Infinity|undefined/)
})
