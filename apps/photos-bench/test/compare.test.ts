import t from 'tap'
import { spreadOf } from '../dist/stats/robust.js'
import { compareResults, compareSpreads } from '../dist/verdict/compare.js'
import { results, SCENARIO, scenarioResult } from './support/results.js'

const steady = (ratio: number) => spreadOf([ratio - 0.005, ratio, ratio + 0.005, ratio, ratio])
const noisy = (ratio: number) => spreadOf([ratio - 0.3, ratio - 0.15, ratio, ratio + 0.15, ratio + 0.3])

t.test('a change beyond the noise is better or worse, by what the metric wants', async (t) => {
  t.equal(compareSpreads('requestsPerSecond', steady(0.9), steady(0.75)).verdict, 'worse')
  t.equal(compareSpreads('requestsPerSecond', steady(0.75), steady(0.9)).verdict, 'better')
  t.equal(compareSpreads('p99Latency', steady(1), steady(1.5)).verdict, 'worse')
  t.equal(compareSpreads('p99Latency', steady(1.5), steady(1)).verdict, 'better')
})

t.test('the same change in noisy runs is noise', async (t) => {
  t.equal(compareSpreads('requestsPerSecond', noisy(0.9), noisy(0.75)).verdict, 'same')
  t.equal(compareSpreads('requestsPerSecond', steady(0.9), noisy(0.75)).verdict, 'same')
})

t.test(
  'a change too small to tell from that between two processes is noise, however steady the runs',
  async (t) => {
    const { verdict, noise, change } = compareSpreads(
      'requestsPerSecond',
      spreadOf([0.9, 0.9]),
      spreadOf([0.87, 0.87]),
    )
    t.equal(verdict, 'same')
    t.equal(noise, 0.05)
    t.ok(Math.abs(change + 1 / 30) < 1e-9)
  },
)

t.test('a run compared with itself has changed in nothing', async (t) => {
  const run = results(scenarioResult(0.9))
  const { comparisons, notes } = compareResults(run, run)
  t.ok(comparisons.length > 0)
  t.ok(comparisons.every(({ verdict, change }) => verdict === 'same' && change === 0))
  t.same(notes, [])
})

t.test('a slow-down of 15 % is found', async (t) => {
  const { comparisons } = compareResults(results(scenarioResult(0.9)), results(scenarioResult(0.9 / 1.15)))
  const perSecond = comparisons.find(({ metric }) => metric === 'requestsPerSecond')
  t.equal(perSecond?.verdict, 'worse')
})

t.test('scenarios are compared by name and size; what is only in one is noted', async (t) => {
  const large = { ...SCENARIO, workspaces: 5000 }
  const { comparisons, notes } = compareResults(
    results(scenarioResult(0.9), scenarioResult(0.8, {}, large)),
    results(scenarioResult(0.9, {}, large)),
  )
  t.ok(comparisons.every(({ workspaces }) => workspaces === 5000))
  t.same(notes, ['embedded-collections over 1000 workspaces is only in the first'])
})

t.test('runs under different loads are not compared, runs of different length are', async (t) => {
  const before = results(scenarioResult(0.9))
  const other = results(scenarioResult(0.9, {}, { ...SCENARIO, connections: 8 }))
  const { comparisons, notes } = compareResults(before, other)
  t.same(comparisons, [])
  t.match(notes, [/another load/])
  const longer = results(scenarioResult(0.9, {}, { ...SCENARIO, slotSeconds: 10, rounds: 9 }))
  t.ok(compareResults(before, longer).comparisons.length > 0)
})

t.test('another machine is noted', async (t) => {
  const before = results(scenarioResult(0.9))
  const { notes } = compareResults(before, { ...before, machine: { ...before.machine, cores: 64 } })
  t.match(notes, [/machines differ/])
})
