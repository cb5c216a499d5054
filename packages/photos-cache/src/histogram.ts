/** The upper bounds of the buckets, in milliseconds; one more bucket takes what is above. */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500,
]

/** How long something took, over the life of the process. */
export interface Latency {
  readonly count: number
  readonly sumMs: number
  /** How many took no longer than the bound of the same place in {@link LATENCY_BOUNDS_MS}, and longer than the one before. */
  readonly buckets: readonly number[]
}

/** Counts durations by bucket: no allocation, a few comparisons each. */
export class Histogram implements Latency {
  count = 0
  sumMs = 0
  readonly buckets: number[] = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, () => 0)

  add(ms: number): void {
    let at = LATENCY_BOUNDS_MS.findIndex((boundMs) => ms <= boundMs)
    if (at === -1) at = LATENCY_BOUNDS_MS.length
    this.buckets[at] = (this.buckets[at] ?? 0) + 1
    this.count++
    this.sumMs += ms
  }

  snapshot(): Latency {
    return { count: this.count, sumMs: this.sumMs, buckets: [...this.buckets] }
  }
}
