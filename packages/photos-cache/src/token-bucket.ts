/** What of a clock the bucket needs. */
interface Time {
  now(): number
}

export interface TokenBucketOptions {
  /** How many tokens are added a second. */
  readonly perSecond: number
  /** How many there are at the most, and at first. */
  readonly burst: number
}

/**
 * A rate guard. For requests with `Cache-Control: no-cache` (RFC 9111, section 5.2.1.4): while there are tokens they read past the
 * cache (`{ fresh: true }`), and afterwards as if they had not asked for it, so that nobody can take the store down with them.
 */
export class TokenBucket {
  readonly #options: TokenBucketOptions
  readonly #time: Time
  #tokens: number
  #asOfMs: number

  /** @throws RangeError where a number is not above 0 */
  constructor(options: TokenBucketOptions, time: Time = performance) {
    for (const [name, value] of Object.entries(options)) {
      if (!(value > 0)) throw new RangeError(`${name} must be above 0`)
    }
    this.#options = options
    this.#time = time
    this.#tokens = options.burst
    this.#asOfMs = time.now()
  }

  /** Takes a token; false if there is none. */
  take(): boolean {
    const nowMs = this.#time.now()
    const { perSecond, burst } = this.#options
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#asOfMs) / 1000) * perSecond)
    this.#asOfMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
