/** Workspaces that are asked for alike. */
export interface Bucket {
  /** How many there are. */
  readonly count: number
  /** Of all requests, the share that each of them gets. */
  readonly share: number
}

/** Ranks up to here have a bucket of their own: the most wanted differ most. */
const SINGLE_RANKS = 1000
/** Further buckets are so much wider than the one before. */
const GROWTH = 1.05

/**
 * The workspaces by demand, most wanted first: the k-th gets requests in proportion to k^-exponent (Zipf's law). The sum of
 * all counts is `workspaces`, that of count × share is 1.
 * @param exponent 0: all alike
 */
export function popularity(workspaces: number, exponent: number): Bucket[] {
  const buckets: { readonly count: number; readonly weight: number }[] = []
  let rank = 1
  while (rank <= workspaces) {
    const count = rank <= SINGLE_RANKS ? 1 : Math.min(Math.ceil(rank * (GROWTH - 1)), workspaces - rank + 1)
    // The sum over the bucket's ranks, by the midpoint rule.
    const weight = area(rank + count - 0.5, exponent) - area(rank - 0.5, exponent)
    buckets.push({ count, weight })
    rank += count
  }
  const total = buckets.reduce((sum, { weight }) => sum + weight, 0)
  return buckets.map(({ count, weight }) => ({ count, share: weight / count / total }))
}

/** ∫ x^-exponent dx. */
const area = (x: number, exponent: number): number =>
  exponent === 1 ? Math.log(x) : x ** (1 - exponent) / (1 - exponent)
