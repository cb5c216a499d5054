import type { Version, WorkspaceContent, WorkspaceId } from 'photos-domain'
import { type Clock, jittered, type Random } from '../clock.js'
import { Histogram, type Latency } from '../histogram.js'
import type { CacheLog } from '../log.js'
import { Breaker, type BreakerState } from './breaker.js'
import { CallBound, CallTimedOut } from './call-bound.js'
import type { Attachment, Lease, RemoteDriver, RemoteEntry, RemoteEvents, SavedCursor } from './driver.js'

export interface RemoteTierOptions {
  /** How long a call may take. */
  readonly timeoutMs: number
  /** So many failed calls in a row take the tier out. */
  readonly failuresToOpen: number
  /** The wait before the first attempt to use it again; it doubles up to the longest. */
  readonly firstProbeMs: number
  readonly longestProbeMs: number
  /** A connection on which nothing was answered for so long is given up for a new one. */
  readonly deadAfterMs: number
  /** How often a beat is sent over the bus. */
  readonly beatEveryMs: number
  /** How long an entry is kept without a write, jittered. */
  readonly entryLifeMs: number
}

/** What the tier tells its owner. */
export interface RemoteTierListener {
  /** Every so often: all input that had arrived at `nowMs` was handled. */
  tick(nowMs: number): void
  /** It can be used, from now on with this server. */
  available(attachment: Attachment): void
  busConnected(): void
  busLost(): void
  /** All that was announced before `sentAtMs` has been told. */
  busHeard(sentAtMs: number): void
  announced(workspaceId: WorkspaceId, version: Version): void
  suspected(workspaceId: WorkspaceId): void
}

/** A lease, and the connection that it was given on: another one may lead to another server. */
export interface HeldLease extends Lease {
  readonly connection: number
}

export interface RemoteTierMetrics {
  /** `closed`: in use; `open`: out; `half-open`: out, and being tried. */
  readonly breaker: BreakerState
  readonly opened: number
  readonly calls: number
  readonly failures: number
  readonly timeouts: number
  readonly reads: Latency
}

/**
 * The shared tier as the cache uses it: no call ever rejects or takes longer than its bound. What failed counts as a miss, or as not
 * confirmed. After some failures in a row, or without a connection, nothing is asked of it until a probe succeeded.
 */
export class RemoteTier {
  readonly #driver: RemoteDriver
  readonly #options: RemoteTierOptions
  readonly #clock: Clock
  readonly #random: Random
  readonly #log: CacheLog
  readonly #listener: RemoteTierListener
  readonly #bound: CallBound
  readonly #breaker: Breaker
  readonly #reads = new Histogram()
  #attachment: Attachment | undefined
  #server = ''
  #connection = 0
  #isSubscribed = false
  #lastAnswerMs: number
  #lastBeatHeardMs: number
  #sequence = 0
  /** When the beats that are not back were sent, by sequence. */
  readonly #beats = new Map<number, number>()
  #cancelBeat: (() => void) | undefined
  #calls = 0
  #failures = 0
  #timeouts = 0
  #opened = 0

  constructor(
    driver: RemoteDriver,
    options: RemoteTierOptions,
    surroundings: { readonly clock: Clock; readonly random: Random; readonly log: CacheLog },
    listener: RemoteTierListener,
  ) {
    this.#driver = driver
    this.#options = options
    this.#clock = surroundings.clock
    this.#random = surroundings.random
    this.#log = surroundings.log
    this.#listener = listener
    this.#bound = new CallBound(this.#clock, options.timeoutMs)
    this.#lastAnswerMs = this.#clock.now()
    this.#lastBeatHeardMs = this.#lastAnswerMs
    const { failuresToOpen: failures, firstProbeMs, longestProbeMs } = options
    this.#breaker = new Breaker({ failures, firstProbeMs, longestProbeMs }, this.#clock, this.#random, {
      probe: () => this.#probe(),
      closed: () => this.#becomeAvailable(),
      opened: (why) => this.#becomeUnavailable(why),
    })
  }

  get isAvailable(): boolean {
    return this.#breaker.isClosed
  }

  /** The run of the server that is used now. */
  get server(): string {
    return this.#server
  }

  open(): void {
    this.#driver.open(this.#events())
    this.#cancelBeat = this.#clock.after(this.#options.beatEveryMs, () => this.#beat())
  }

  close(): void {
    this.#breaker.close()
    this.#cancelBeat?.()
    this.#driver.close()
  }

  async attach(): Promise<Attachment | undefined> {
    return this.#call(() => this.#driver.attach(), undefined)
  }

  /** What is stored; undefined if nothing is, and if the tier does not answer. */
  get(workspaceId: WorkspaceId): Promise<RemoteEntry | undefined> {
    return this.#call(() => this.#driver.get(workspaceId), undefined, this.#reads)
  }

  async lease(workspaceId: WorkspaceId): Promise<HeldLease | undefined> {
    const connection = this.#connection
    const lease = await this.#call(() => this.#driver.lease(workspaceId), undefined)
    return lease && { ...lease, connection }
  }

  /** Whether it is certain that the tier has nothing older than the record from now on. */
  async put(
    workspaceId: WorkspaceId,
    lease: HeldLease,
    record: WorkspaceContent & { readonly version: Version },
    announce: boolean,
  ): Promise<boolean> {
    if (lease.connection !== this.#connection) return false
    const lifeMs = Math.round(jittered(this.#options.entryLifeMs, this.#random))
    return this.#confirm(() => this.#driver.put(workspaceId, lease, record, { lifeMs, announce }))
  }

  /** Whether it is certain that the tier has nothing older than the version from now on. */
  async raise(workspaceId: WorkspaceId, version: Version, announce: boolean): Promise<boolean> {
    return this.#confirm(() => this.#driver.raise(workspaceId, version, announce))
  }

  /** Whether it is certain that the tier has nothing from before now. */
  async suspect(workspaceId: WorkspaceId): Promise<boolean> {
    return this.#confirm(() => this.#driver.suspect(workspaceId))
  }

  async saveCursor(saved: SavedCursor): Promise<boolean> {
    return this.#confirm(() => this.#driver.saveCursor(saved))
  }

  metrics(): RemoteTierMetrics {
    return {
      breaker: this.#breaker.state,
      opened: this.#opened,
      calls: this.#calls,
      failures: this.#failures,
      timeouts: this.#timeouts,
      reads: this.#reads.snapshot(),
    }
  }

  #confirm(send: () => Promise<void>): Promise<boolean> {
    return this.#call(() => send().then(() => true), false)
  }

  #call<T, F>(send: () => Promise<T>, failed: F, latency?: Histogram): Promise<T | F> {
    if (!this.#breaker.isClosed) return Promise.resolve(failed)
    return this.#bounded(send, failed, latency)
  }

  #bounded<T, F>(send: () => Promise<T>, failed: F, latency?: Histogram): Promise<T | F> {
    this.#calls++
    const startedMs = this.#clock.now()
    return new Promise((resolve) => {
      this.#bound.run(
        send(),
        (value) => {
          this.#lastAnswerMs = this.#clock.now()
          latency?.add(this.#lastAnswerMs - startedMs)
          this.#breaker.succeeded()
          resolve(value)
        },
        (error) => {
          this.#failures++
          if (error instanceof CallTimedOut) this.#timeouts++
          this.#breaker.failed(error instanceof Error ? error.message : String(error))
          resolve(failed)
        },
      )
    })
  }

  #events(): RemoteEvents {
    return {
      up: () => {
        this.#lastAnswerMs = this.#clock.now()
        this.#breaker.probeNow()
      },
      down: (why) => {
        this.#connection++
        this.#breaker.open(why)
      },
      subscribed: () => {
        this.#isSubscribed = true
        this.#lastBeatHeardMs = this.#clock.now()
        this.#listener.busConnected()
      },
      unsubscribed: () => {
        this.#isSubscribed = false
        this.#beats.clear()
        this.#listener.busLost()
      },
      announced: (workspaceId, version) => this.#listener.announced(workspaceId, version),
      suspected: (workspaceId) => this.#listener.suspected(workspaceId),
      beat: (sequence) => this.#heard(sequence),
    }
  }

  async #probe(): Promise<boolean> {
    const attachment = await this.#bounded(() => this.#driver.attach(), undefined)
    if (attachment === undefined) {
      if (this.#clock.now() - this.#lastAnswerMs > this.#options.deadAfterMs) this.#reconnect()
      return false
    }
    this.#attachment = attachment
    return true
  }

  #becomeAvailable(): void {
    if (this.#attachment === undefined) return
    this.#server = this.#attachment.server
    this.#log.info({ server: this.#server }, 'cache: the Redis tier is in use')
    this.#listener.available(this.#attachment)
  }

  #becomeUnavailable(why: string): void {
    this.#opened++
    this.#log.warn({ reason: why }, 'cache: the Redis tier is out')
  }

  #reconnect(): void {
    this.#lastAnswerMs = this.#clock.now()
    this.#lastBeatHeardMs = this.#lastAnswerMs
    this.#driver.reconnect()
  }

  #beat(): void {
    this.#cancelBeat = this.#clock.after(this.#options.beatEveryMs, () => this.#beat())
    const nowMs = this.#clock.now()
    this.#clock.afterInput(() => this.#listener.tick(nowMs))
    if (!this.isAvailable || !this.#isSubscribed) return
    if (nowMs - this.#lastBeatHeardMs > this.#options.deadAfterMs) {
      this.#reconnect()
      return
    }
    this.#sequence++
    const sequence = this.#sequence
    this.#beats.set(sequence, nowMs)
    void this.#call(() => this.#driver.beat(sequence), undefined)
  }

  #heard(sequence: number): void {
    const sentAtMs = this.#beats.get(sequence)
    if (sentAtMs === undefined) return
    // The bus keeps the order: whatever was sent earlier is back too, or was lost before the server took it.
    for (const earlier of this.#beats.keys()) if (earlier <= sequence) this.#beats.delete(earlier)
    this.#lastBeatHeardMs = this.#clock.now()
    this.#listener.busHeard(sentAtMs)
  }
}
