import t from 'tap'
import { encodeHistogram, mergeHistograms, newHistogram, summarize } from '../dist/stats/histogram.js'
import { ratiosOf, slotOrder } from '../dist/stats/ratios.js'
import { median, medianError, spreadOf } from '../dist/stats/robust.js'
import { slot } from './support/results.js'

t.test('the median is the middle value, or between the two in the middle', async (t) => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 3, 2]), 2.5)
  t.equal(median([5]), 5)
  t.throws(() => median([]), RangeError)
})

t.test('a spread is hardly moved by one value that is far off', async (t) => {
  const calm = spreadOf([10, 11, 9, 10, 12])
  const disturbed = spreadOf([10, 11, 9, 10, 1000])
  t.match(calm, { median: 10, min: 9, max: 12, mad: 1 })
  t.match(disturbed, { median: 10, min: 9, max: 1000, mad: 1 })
})

t.test('the error of a median falls with the square root of the number of values', async (t) => {
  const few = spreadOf([1, 2, 3, 4])
  const many = spreadOf([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4])
  t.ok(Math.abs(medianError(few) / medianError(many) - 2) < 1e-9)
  t.equal(medianError(spreadOf([5, 5, 5])), 0)
})

t.test('the error of a median is what repeated samples of normal values show', async (t) => {
  // Quantiles of the normal distribution, 21 evenly spaced: a sample whose MAD is that of the distribution.
  const values = [
    -1.99, -1.47, -1.18, -0.96, -0.77, -0.61, -0.46, -0.32, -0.19, -0.06, 0, 0.06, 0.19, 0.32, 0.46, 0.61,
    0.77, 0.96, 1.18, 1.47, 1.99,
  ]
  // 1.2533 σ / √n, σ = 1, n = 21
  t.ok(Math.abs(medianError(spreadOf(values)) - 0.2735) < 0.03)
})

t.test('the slots alternate and begin and end with the controls', async (t) => {
  t.same(slotOrder('A', ['B'], 2), ['B', 'A', 'B', 'A', 'B'])
  t.same(slotOrder('A', ['B', 'C'], 2), ['B', 'C', 'A', 'B', 'C', 'A', 'B', 'C'])
})

t.test(
  'a ratio is of a slot to the mean of the control before and after it, so a steady drift cancels out',
  async (t) => {
    // The machine gets slower all the time; the target does 0.8 of what the control does.
    const speeds = [1000, 950, 900, 850, 800, 750, 700]
    const slots = slotOrder('A', ['B'], 3).map((subject, place) =>
      slot({ subject, requests: (speeds[place] ?? 0) * (subject === 'A' ? 0.8 : 1) }),
    )
    const ratios = ratiosOf(slots, 'A', 'B', 'requestsPerSecond')
    t.equal(ratios?.values.length, 3)
    for (const ratio of ratios?.values ?? []) t.ok(Math.abs(ratio - 0.8) < 1e-9, `${ratio}`)
  },
)

t.test('of several controls each ratio takes its own', async (t) => {
  const slots = slotOrder('A', ['B', 'C'], 1).map((subject) =>
    slot({ subject, requests: { A: 100, B: 200, C: 400 }[subject] ?? 0 }),
  )
  t.equal(ratiosOf(slots, 'A', 'B', 'requestsPerSecond')?.median, 0.5)
  t.equal(ratiosOf(slots, 'A', 'C', 'requestsPerSecond')?.median, 0.25)
})

t.test('ratios are of what the metric says: per second, per CPU-second, or a latency', async (t) => {
  const control = slot({ subject: 'B', requests: 1000, busySeconds: 0.5, latency: 400 })
  const target = slot({ subject: 'A', requests: 900, busySeconds: 0.6, latency: 600 })
  const ratio = (metric: Parameters<typeof ratiosOf>[3]): number =>
    ratiosOf([control, target, control], 'A', 'B', metric)?.median ?? Number.NaN
  t.equal(ratio('requestsPerSecond'), 0.9)
  t.equal(ratio('requestsPerCpuSecond'), 0.75)
  t.equal(ratio('p99Latency'), 1.5)
})

t.test('what could not be measured has no ratio', async (t) => {
  const slots = slotOrder('A', ['B'], 1).map((subject) => ({ ...slot({ subject }), cpu: undefined }))
  t.equal(ratiosOf(slots, 'A', 'B', 'requestsPerCpuSecond'), undefined)
})

t.test('merged histograms say what one histogram of all values says', async (t) => {
  const all = newHistogram()
  const parts = [newHistogram(), newHistogram(), newHistogram()]
  for (let i = 0; i < 30_000; i++) {
    // Latencies over four orders of magnitude, most of the slow ones in one part.
    const latency = Math.round(50 * 10_000 ** (((i * 7919) % 30_000) / 30_000))
    all.recordValue(latency)
    parts[i % 3]?.recordValue(latency)
  }
  const merged = mergeHistograms(parts.map(encodeHistogram))
  t.equal(merged.totalCount, 30_000)
  t.same(summarize(merged), summarize(all))
  t.ok(Math.abs(summarize(merged).p50 - 5000) / 5000 < 0.01)
})

t.test('an empty histogram is told as zeros', async (t) => {
  t.same(summarize(newHistogram()), { mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 })
})
