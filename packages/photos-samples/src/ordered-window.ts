/**
 * Runs tasks many at a time and in a bounded window: a task starts only while it is fewer than `width` tasks ahead of the
 * oldest one that has not finished. So memory is bounded, and wherever the work stops, everything that was ever started
 * lies within `width` tasks of what is finished without a gap. Tasks may also have weights, such as the bytes that
 * they hold; then those running are bounded by `maxWeight` in all, and by one task more.
 *
 *     while (more) {
 *       if (window.full) await window.room()
 *       window.start(task)
 *     }
 *     await window.idle()
 */
export class OrderedWindow {
  readonly #width: number
  readonly #maxWeight: number
  /** For each task in the window whether it has finished: task n at n modulo width. */
  readonly #hasFinished: Uint8Array
  #started = 0
  #finished = 0
  #running = 0
  #weight = 0
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  /** @param width at least 1 */
  constructor(width: number, maxWeight: number = Number.POSITIVE_INFINITY) {
    this.#width = width
    this.#maxWeight = maxWeight
    this.#hasFinished = new Uint8Array(width)
  }

  /** How many tasks have finished before the first one that has not, or that failed. */
  get finished(): number {
    return this.#finished
  }

  /** Whether a task has failed; none should be started any more. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  get full(): boolean {
    return this.#started - this.#finished >= this.#width || this.#weight >= this.#maxWeight || this.failed
  }

  /** Starts the next task; only while the window is not `full`. */
  start(task: () => Promise<void>, weight = 0): void {
    const index = this.#started++
    this.#running++
    this.#weight += weight
    task().then(
      () => {
        this.#hasFinished[index % this.#width] = 1
        this.#settle(weight)
      },
      (error: unknown) => {
        this.#failure ??= { error }
        this.#settle(weight)
      },
    )
  }

  /** Resolves when the window is not full any more. @throws what the first task that failed threw */
  async room(): Promise<void> {
    while (this.full) {
      this.#throwFailure()
      await this.#nextSettled()
    }
  }

  /** Resolves when every task has settled. @throws what the first task that failed threw, then too */
  async idle(): Promise<void> {
    while (this.#running > 0) await this.#nextSettled()
    this.#throwFailure()
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #nextSettled(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #settle(weight: number): void {
    this.#running--
    this.#weight -= weight
    while (this.#hasFinished[this.#finished % this.#width] === 1) {
      this.#hasFinished[this.#finished % this.#width] = 0
      this.#finished++
    }
    this.#wake?.()
    this.#wake = undefined
  }
}
