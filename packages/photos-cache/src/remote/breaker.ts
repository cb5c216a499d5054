import type { Clock, Random } from '../clock.js'

export interface BreakerEvents {
  /** Tries whether it would work again. */
  probe(): Promise<boolean>
  closed(): void
  opened(why: string): void
}

export interface BreakerOptions {
  /** So many failures in a row open it. */
  readonly failures: number
  /** The wait before the first probe; it doubles with each that fails. */
  readonly firstProbeMs: number
  readonly longestProbeMs: number
}

export type BreakerState = 'closed' | 'open' | 'half-open'

/**
 * A circuit breaker (https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker). It begins open, and takes
 * part in the traffic only once a probe succeeded. Probes are its own: no client's request is ever one.
 */
export class Breaker {
  readonly #clock: Clock
  readonly #random: Random
  readonly #options: BreakerOptions
  readonly #events: BreakerEvents
  #state: BreakerState = 'open'
  #failures = 0
  #probes = 0
  #cancelProbe: (() => void) | undefined
  /** Whether it was told that it is open: once for each time, however many probes fail. */
  #toldOpen = false
  /** Ends the probes of earlier states: each change begins another round. */
  #round = 0

  constructor(options: BreakerOptions, clock: Clock, random: Random, events: BreakerEvents) {
    this.#options = options
    this.#clock = clock
    this.#random = random
    this.#events = events
  }

  get state(): BreakerState {
    return this.#state
  }

  /** Whether calls may be made. */
  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  succeeded(): void {
    this.#failures = 0
  }

  failed(why: string): void {
    this.#failures++
    if (this.#state !== 'closed') {
      this.#tellOpen(why)
    } else if (this.#failures >= this.#options.failures) {
      this.open(why)
      this.#scheduleProbe()
    }
  }

  /** Opens, without probes until {@link probeNow}: as long as there is no connection none can succeed. */
  open(why: string): void {
    this.#newRound()
    this.#state = 'open'
    this.#tellOpen(why)
  }

  probeNow(): void {
    if (this.#state === 'closed') return
    this.#newRound()
    void this.#probe()
  }

  /** Opens for good. */
  close(): void {
    this.#newRound()
    this.#state = 'open'
  }

  #tellOpen(why: string): void {
    if (this.#toldOpen) return
    this.#toldOpen = true
    this.#events.opened(why)
  }

  #newRound(): void {
    this.#round++
    this.#failures = 0
    this.#probes = 0
    this.#cancelProbe?.()
    this.#cancelProbe = undefined
  }

  #scheduleProbe(): void {
    const { firstProbeMs, longestProbeMs } = this.#options
    const longest = Math.min(longestProbeMs, firstProbeMs * 2 ** this.#probes)
    const waitMs = longest * (0.5 + 0.5 * this.#random())
    this.#cancelProbe = this.#clock.after(waitMs, () => void this.#probe())
  }

  async #probe(): Promise<void> {
    const round = this.#round
    this.#state = 'half-open'
    const succeeded = await this.#events.probe()
    if (round !== this.#round) return
    if (succeeded) {
      this.#newRound()
      this.#state = 'closed'
      this.#toldOpen = false
      this.#events.closed()
    } else {
      this.#state = 'open'
      this.#probes++
      this.#scheduleProbe()
    }
  }
}
