/** The rate is that of the last so many milliseconds. */
const SPAN_MS = 10_000
/** Points closer together than that are one. */
const STEP_MS = 250

/** How fast a count grows, over the last ten seconds. */
export class RateMeter {
  readonly #points: { readonly count: number; readonly atMs: number }[] = []

  /** The count at a time, both never less than before. */
  add(count: number, atMs: number): void {
    const beforeLast = this.#points.at(-2)
    if (beforeLast !== undefined && atMs - beforeLast.atMs < STEP_MS) this.#points.pop()
    this.#points.push({ count, atMs })
    // One point older than the span is kept, so that the points always reach over all of it.
    while (this.#points[1] !== undefined && this.#points[1].atMs <= atMs - SPAN_MS) this.#points.shift()
  }

  /** 0 until time has passed. */
  get perSecond(): number {
    const first = this.#points[0]
    const last = this.#points.at(-1)
    if (first === undefined || last === undefined || last.atMs === first.atMs) return 0
    return ((last.count - first.count) / (last.atMs - first.atMs)) * 1000
  }
}
