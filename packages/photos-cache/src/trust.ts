interface Span {
  readonly sinceMs: number
  readonly untilMs: number
}

/** More are of no use: what the earlier ones vouched for is too old even to be served stale. */
const MAX_PAST_SPANS = 16

/**
 * Says how long what was read once may be taken for current. Two sources tell of newer versions:
 *
 * - the **bus**, on which those who write announce what they wrote. Every so often this process sends itself a beat over it. The
 *   bus keeps the order, so when a beat is back, everything announced before it was sent has been heard;
 * - the **feed** of the store, which tells of every write, also of those that nobody announced, and fails when it breaks. Every so
 *   often, all input that had arrived was handled ({@link feedHeard}): what the feed told by then has been heard.
 *
 * Of each source it is known up to when it has been heard, on the process's own monotonic clock. Silence makes that time old,
 * whatever its cause: a loss, a connection that is dead without anyone noticing, or a process that was stopped.
 *
 * A record that was current at `asOfMs` is vouched for at `nowMs` if no more than the window has passed, or if both sources
 * have been listened to without a gap since before `asOfMs` and both were heard up to less than the window ago.
 */
export class Trust {
  readonly #windowMs: number
  #busSinceMs = Number.POSITIVE_INFINITY
  #busAsOfMs = Number.NEGATIVE_INFINITY
  #feedSinceMs = Number.POSITIVE_INFINITY
  #feedAsOfMs = Number.NEGATIVE_INFINITY
  #feedIsLive = false
  /** The two conditions of the second rule, worked out whenever something changes: every hit asks for them. */
  #sinceMs = Number.POSITIVE_INFINITY
  #untilMs = Number.NEGATIVE_INFINITY
  readonly #past: Span[] = []

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  get busIsLive(): boolean {
    return this.#busSinceMs !== Number.POSITIVE_INFINITY
  }

  get feedIsLive(): boolean {
    return this.#feedIsLive
  }

  /** Up to when the feed has been heard. */
  get feedAsOfMs(): number {
    return this.#feedAsOfMs
  }

  /** Whether a record that was current at `asOfMs` may be taken for current now. */
  vouches(asOfMs: number, nowMs: number): boolean {
    return nowMs - asOfMs <= this.#windowMs || (asOfMs >= this.#sinceMs && nowMs <= this.#untilMs)
  }

  /** The last time at which a record that was current at `asOfMs` was known to be so still. */
  lastVouchedMs(asOfMs: number): number {
    let lastMs = asOfMs
    if (asOfMs >= this.#sinceMs) lastMs = Math.max(lastMs, this.#untilMs - this.#windowMs)
    for (const { sinceMs, untilMs } of this.#past) {
      if (asOfMs >= sinceMs) lastMs = Math.max(lastMs, untilMs)
    }
    return lastMs
  }

  /** Whether the feed was heard up to less than the window ago. */
  feedIsRecent(nowMs: number): boolean {
    return nowMs - this.#feedAsOfMs <= this.#windowMs
  }

  /** From now on every announcement will be heard. */
  busConnected(nowMs: number): void {
    this.busLost()
    this.#busSinceMs = nowMs
    this.#busAsOfMs = nowMs
    this.#update()
  }

  /** A beat that was sent at `sentAtMs` is back. */
  busHeard(sentAtMs: number): void {
    this.#busAsOfMs = Math.max(this.#busAsOfMs, sentAtMs)
    this.#update()
  }

  /** Announcements may be missed from now on. */
  busLost(): void {
    this.#closeSpan()
    this.#busSinceMs = Number.POSITIVE_INFINITY
    this.#busAsOfMs = Number.NEGATIVE_INFINITY
    this.#update()
  }

  /** From now on every write will be told. `resumed`: and those since it broke were told too. */
  feedLive(nowMs: number, resumed: boolean): void {
    if (!resumed) {
      this.#closeSpan()
      this.#feedSinceMs = nowMs
    }
    this.#feedIsLive = true
    this.#feedAsOfMs = nowMs
    this.#update()
  }

  /** All input that had arrived at `asOfMs` was handled. */
  feedHeard(asOfMs: number): void {
    if (!this.#feedIsLive) return
    this.#feedAsOfMs = Math.max(this.#feedAsOfMs, asOfMs)
    this.#update()
  }

  feedBroke(): void {
    this.#feedIsLive = false
  }

  #update(): void {
    this.#sinceMs = Math.max(this.#busSinceMs, this.#feedSinceMs)
    this.#untilMs = Math.min(this.#busAsOfMs, this.#feedAsOfMs) + this.#windowMs
  }

  #closeSpan(): void {
    const untilMs = this.#untilMs - this.#windowMs
    if (untilMs < this.#sinceMs) return
    this.#past.push({ sinceMs: this.#sinceMs, untilMs })
    if (this.#past.length > MAX_PAST_SPANS) this.#past.shift()
  }
}
