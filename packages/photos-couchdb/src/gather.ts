/** What became of one item of a batch. */
export type Outcome<Result> = { readonly value: Result } | { readonly error: unknown }

export interface GatherOptions<Item, Result> {
  /**
   * How many batches may be under way at once. Beside others, a batch leaves once as many items wait as the smallest under way
   * holds: what a batch costs beside its items is then paid for as many as can be.
   */
  readonly maxInFlight: number
  /** How many items a batch may hold. */
  readonly maxBatch: number
  /** How much the items of a batch may weigh together; an item that weighs more leaves alone. Default: any weight. */
  readonly maxBatchWeight?: number
  /** What an item weighs. Default 1. */
  readonly weigh?: (item: Item) => number
  /** How many items may wait for a batch to leave; one more is refused. */
  readonly maxWaiting: number
  /** How long a caller waits at the most, in milliseconds. */
  readonly timeoutMs: number
  /**
   * Sends a batch and resolves to the outcome of each item, in their order; a rejection is the outcome of all. The signal
   * aborts when no caller waits for any of them any more.
   */
  readonly send: (items: readonly Item[], signal: AbortSignal) => Promise<readonly Outcome<Result>[]>
  /** The error of a caller that could not even wait. */
  readonly refusal: (item: Item) => Error
  /** The error of a caller whose time is over; `sent` tells whether its item had left. */
  readonly expiry: (item: Item, sent: boolean) => Error
}

export interface AskOptions {
  /**
   * Which item of the same key to share the result of: `any`; one that is still `waiting` to leave; or `none`: the item is
   * asked for itself, and after those of the same key that came before it have left.
   */
  readonly join: 'any' | 'waiting' | 'none'
  /** Gives up waiting: the caller gets the signal's reason. An item that nobody waits for does not leave. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Gathers single requests into batches. At most `maxInFlight` batches are under way. A request that arrives while there
 * is room leaves at once, alone: there is no timer, and an idle service adds no wait. What arrives meanwhile
 * leaves together, as soon as there is room again, in order of arrival: so batches grow with the load, up to their cap.
 * While single requests are under way there is room for another; beside a large batch only for one that is as large.
 * A key is never twice in one batch.
 */
export class Gather<Item, Result> {
  readonly #options: GatherOptions<Item, Result>
  /** What waits to leave, in order of arrival. */
  readonly #waiting = new Set<Ask<Item, Result>>()
  /** The latest of each key that may be joined, whether it waits or has left. */
  readonly #joinable = new Map<string, Ask<Item, Result>>()
  /** All callers in order of arrival, and so in order of expiry. */
  readonly #callers = new Set<Caller<Item, Result>>()
  readonly #underWay = new Set<Flight>()
  #expiryTimer: NodeJS.Timeout | undefined

  constructor(options: GatherOptions<Item, Result>) {
    this.#options = options
  }

  /** How many items have not left yet. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Asks for an item. Rejects with what befell it, or its batch, or its caller. */
  ask(key: string, item: Item, { join, signal }: AskOptions): Promise<Result> {
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    const known = join === 'none' ? undefined : this.#joinable.get(key)
    if (known !== undefined && (join === 'any' || known.flight === undefined)) {
      return this.#call(known, signal)
    }
    if (this.#waiting.size >= this.#options.maxWaiting) return Promise.reject(this.#options.refusal(item))
    const ask: Ask<Item, Result> = { key, item, callers: new Set(), flight: undefined }
    this.#waiting.add(ask)
    if (join !== 'none') this.#joinable.set(key, ask)
    const result = this.#call(ask, signal)
    this.#leave()
    return result
  }

  /** What is under way for this key is no longer joined: it may have been overtaken. What waits to leave still is. */
  outdate(key: string): void {
    if (this.#joinable.get(key)?.flight !== undefined) this.#joinable.delete(key)
  }

  /** Fails every caller, and aborts the batches under way. */
  fail(error: Error): void {
    for (const caller of this.#callers) this.#dismiss(caller, error)
  }

  #call(ask: Ask<Item, Result>, signal: AbortSignal | undefined): Promise<Result> {
    return new Promise((resolve, reject) => {
      const expiresAt = performance.now() + this.#options.timeoutMs
      const caller: Caller<Item, Result> = { ask, resolve, reject, expiresAt, signal, onAbort: undefined }
      if (signal !== undefined) {
        caller.onAbort = () => this.#dismiss(caller, signal.reason)
        signal.addEventListener('abort', caller.onAbort, { once: true })
      }
      ask.callers.add(caller)
      this.#callers.add(caller)
      this.#watchExpiry()
    })
  }

  /** Lets batches leave while there is room. */
  #leave(): void {
    while (this.#hasRoom()) this.#send(this.#nextBatch())
  }

  #hasRoom(): boolean {
    const waiting = this.#waiting.size
    if (waiting === 0 || this.#underWay.size >= this.#options.maxInFlight) return false
    if (this.#underWay.size === 0) return true
    for (const { length } of this.#underWay) if (waiting >= length) return true
    return false
  }

  #nextBatch(): Ask<Item, Result>[] {
    const { maxBatch, maxBatchWeight = Number.POSITIVE_INFINITY, weigh = () => 1 } = this.#options
    const batch: Ask<Item, Result>[] = []
    const keys = new Set<string>()
    let weight = 0
    for (const ask of this.#waiting) {
      if (batch.length >= maxBatch) break
      if (keys.has(ask.key)) continue
      weight += weigh(ask.item)
      if (weight > maxBatchWeight && batch.length > 0) break
      keys.add(ask.key)
      batch.push(ask)
    }
    for (const ask of batch) this.#waiting.delete(ask)
    return batch
  }

  #send(batch: readonly Ask<Item, Result>[]): void {
    const flight: Flight = { controller: new AbortController(), length: batch.length, wanted: batch.length }
    for (const ask of batch) ask.flight = flight
    this.#underWay.add(flight)
    const items = batch.map(({ item }) => item)
    const land = (outcomeAt: (index: number) => Outcome<Result>): void => {
      // Before the callers are told: what they ask next finds the room.
      this.#underWay.delete(flight)
      for (const [index, ask] of batch.entries()) this.#settle(ask, outcomeAt(index))
      this.#leave()
    }
    this.#options.send(items, flight.controller.signal).then(
      (outcomes) => land((index) => outcomes[index] ?? UNANSWERED),
      (error: unknown) => land(() => ({ error })),
    )
  }

  #settle(ask: Ask<Item, Result>, outcome: Outcome<Result>): void {
    if (this.#joinable.get(ask.key) === ask) this.#joinable.delete(ask.key)
    for (const caller of ask.callers) {
      this.#forget(caller)
      if ('value' in outcome) caller.resolve(outcome.value)
      else caller.reject(outcome.error)
    }
  }

  /** One caller leaves; with the last one goes what nobody wants any more. */
  #dismiss(caller: Caller<Item, Result>, reason: unknown): void {
    const { ask } = caller
    this.#forget(caller)
    caller.reject(reason)
    ask.callers.delete(caller)
    if (ask.callers.size > 0) return
    if (this.#joinable.get(ask.key) === ask) this.#joinable.delete(ask.key)
    this.#waiting.delete(ask)
    if (ask.flight !== undefined && --ask.flight.wanted === 0) ask.flight.controller.abort()
  }

  #forget(caller: Caller<Item, Result>): void {
    this.#callers.delete(caller)
    if (this.#callers.size === 0) this.#stopWatch()
    if (caller.onAbort !== undefined) caller.signal?.removeEventListener('abort', caller.onAbort)
  }

  /** One timer for the caller that expires first: all wait equally long, so it is the one that came first. */
  #watchExpiry(): void {
    if (this.#expiryTimer !== undefined) return
    const [first] = this.#callers
    if (first === undefined) return
    this.#expiryTimer = setTimeout(
      () => {
        this.#stopWatch()
        for (const caller of this.#callers) {
          if (caller.expiresAt > performance.now()) break
          this.#dismiss(caller, this.#options.expiry(caller.ask.item, caller.ask.flight !== undefined))
        }
        this.#watchExpiry()
      },
      Math.max(1, first.expiresAt - performance.now()),
    )
  }

  #stopWatch(): void {
    clearTimeout(this.#expiryTimer)
    this.#expiryTimer = undefined
  }
}

/** One item and those who wait for it. */
interface Ask<Item, Result> {
  readonly key: string
  readonly item: Item
  readonly callers: Set<Caller<Item, Result>>
  /** The batch it left with. */
  flight: Flight | undefined
}

interface Caller<Item, Result> {
  readonly ask: Ask<Item, Result>
  readonly resolve: (result: Result) => void
  readonly reject: (reason: unknown) => void
  /** On the clock of `performance.now()`. */
  readonly expiresAt: number
  readonly signal: AbortSignal | undefined
  onAbort: (() => void) | undefined
}

interface Flight {
  readonly controller: AbortController
  /** How many items it holds. */
  readonly length: number
  /** How many of its items somebody still waits for. */
  wanted: number
}

const UNANSWERED = { error: new Error('the batch was answered without this item') }
