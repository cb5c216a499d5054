import t from 'tap'
import { drawIndexes, spread } from '../dist/ids/distribution.js'
import { Random } from '../dist/ids/random.js'
import { Zipf } from '../dist/ids/zipf.js'

/**
 * Pearson's chi-squared statistic over its degrees of freedom: about 1 where counts follow the shares, with a
 * standard deviation of √(2 / degrees).
 */
function misfit(counts: readonly number[], shares: readonly number[]): number {
  const draws = counts.reduce((sum, count) => sum + count, 0)
  const total = shares.reduce((sum, share) => sum + share, 0)
  const statistic = counts.reduce((sum, count, place) => {
    const expected = (draws * (shares[place] ?? 0)) / total
    return sum + (count - expected) ** 2 / expected
  }, 0)
  return statistic / (counts.length - 1)
}

function countDraws(draw: () => number, values: number, draws: number): number[] {
  const counts = new Array<number>(values).fill(0)
  for (let i = 0; i < draws; i++) {
    const value = draw()
    counts[value] = (counts[value] ?? 0) + 1
  }
  return counts
}

const take = (draw: () => number, count: number): number[] => Array.from({ length: count }, draw)

t.test('the same seed words draw the same numbers, any other words draw others', async (t) => {
  const drawn = (...words: number[]): number[] => {
    const random = new Random(...words)
    return take(() => random.word(), 8)
  }
  t.same(drawn(1, 2), drawn(1, 2))
  const sequences = [drawn(1, 2), drawn(2, 1), drawn(1, 3), drawn(1), drawn(1, 2, 0), drawn(0)]
  t.equal(new Set(sequences.map(String)).size, sequences.length)
})

t.test('fractions are even over their range, and so are the low bits', async (t) => {
  const random = new Random(7)
  const even = new Array<number>(100).fill(1)
  t.ok(
    misfit(
      countDraws(() => Math.floor(random.fraction() * 100), 100, 200_000),
      even,
    ) < 1.6,
  )
  t.ok(
    misfit(
      countDraws(() => random.word() % 100, 100, 200_000),
      even,
    ) < 1.6,
  )
  t.ok(
    misfit(
      countDraws(() => Math.floor(random.fraction() * 2 ** 40) % 100, 100, 200_000),
      even,
    ) < 1.6,
  )
})

t.test('uniform ids ask for every workspace alike', async (t) => {
  const draw = drawIndexes({ kind: 'uniform' }, 500, new Random(3))
  t.ok(misfit(countDraws(draw, 500, 200_000), new Array<number>(500).fill(1)) < 1.3)
})

for (const exponent of [0.5, 0.99, 1, 1.5]) {
  t.test(`Zipf ranks are drawn in proportion to rank to the power of -${exponent}`, async (t) => {
    const ranks = 500
    const zipf = new Zipf(ranks, exponent)
    const random = new Random(5)
    const counts = countDraws(() => zipf.next(random) - 1, ranks, 400_000)
    const shares = Array.from({ length: ranks }, (_, place) => (place + 1) ** -exponent)
    t.ok(misfit(counts, shares) < 1.3, `${misfit(counts, shares)}`)
  })
}

t.test('the first Zipf ranks, which make most of the load, are drawn exactly', async (t) => {
  const ranks = 500
  const first = 8
  const zipf = new Zipf(ranks, 0.99)
  const random = new Random(6)
  const counts = countDraws(() => Math.min(zipf.next(random) - 1, first), first + 1, 2_000_000)
  const shares = Array.from({ length: ranks }, (_, place) => (place + 1) ** -0.99)
  const rest = shares.slice(first).reduce((sum, share) => sum + share, 0)
  const found = misfit(counts, [...shares.slice(0, first), rest])
  t.ok(found < 2.5, `${found}`)
})

t.test(
  'Zipf over ten million stays within its ranks and has the share of the first that it must have',
  async (t) => {
    const ranks = 10_000_000
    const zipf = new Zipf(ranks, 0.99)
    const random = new Random(11)
    const drawn = take(() => zipf.next(random), 200_000)
    t.ok(drawn.every((rank) => Number.isInteger(rank) && rank >= 1 && rank <= ranks))
    let total = 0
    for (let rank = 1; rank <= ranks; rank++) total += rank ** -0.99
    const share = drawn.filter((rank) => rank === 1).length / drawn.length
    const deviation = Math.sqrt(1 / total / drawn.length)
    t.ok(Math.abs(share - 1 / total) < 4 * deviation, `${share} instead of ${1 / total}`)
  },
)

t.test('Zipf over a single workspace draws that one', async (t) => {
  const draw = drawIndexes({ kind: 'zipf', exponent: 0.99 }, 1, new Random(1))
  t.same(take(draw, 5), [0, 0, 0, 0, 0])
})

t.test('hot ids ask for that many workspaces, and the most wanted ones are not neighbours', async (t) => {
  const drawn = new Set(take(drawIndexes({ kind: 'hot', hot: 10 }, 1_000_000, new Random(1)), 1000))
  t.equal(drawn.size, 10)
  const sorted = [...drawn].sort((a, b) => a - b)
  const gaps = sorted.slice(1).map((index, place) => index - (sorted[place] ?? 0))
  t.ok(Math.min(...gaps) > 10_000, `the nearest two are ${Math.min(...gaps)} apart`)
})

t.test('the spread of ranks over indexes loses none and doubles none', async (t) => {
  for (const n of [1, 2, 3, 10, 97, 1000, 4096]) {
    const place = spread(n)
    const places = Array.from({ length: n }, (_, rank) => place(rank))
    t.same(
      places.sort((a, b) => a - b),
      Array.from({ length: n }, (_, index) => index),
      `${n}`,
    )
  }
  const billion = spread(1_000_000_000)
  t.ok(Number.isSafeInteger(billion(999_999_999)))
  t.not(billion(1), billion(2))
})
