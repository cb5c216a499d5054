import type { Clock } from '../../dist/clock.js'

interface Event {
  readonly atMs: number
  readonly order: number
  readonly process: SimulatedProcess | undefined
  run: (() => void) | undefined
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Virtual time. Whatever takes time is an event at a time that the seed chose; between two events, everything that they set off
 * runs to its end. So a seed is an interleaving, and the same seed is the same interleaving.
 */
export class Simulation {
  nowMs = 0
  /** Goes up with everything that happens: tells before from after within a millisecond. */
  step = 0
  /** True: nothing takes long any more. */
  isCalm = false
  readonly random: () => number
  #order = 0
  /** A binary heap by time, then by order. */
  readonly #events: Event[] = []

  constructor(seed: number) {
    this.random = randomOf(seed)
  }

  /** How long something takes: mostly next to nothing, sometimes long. */
  delayMs(longestMs: number): number {
    if (this.isCalm) return 1
    const kind = this.random()
    if (kind < 0.5) return Math.min(longestMs, 1)
    if (kind < 0.9) return Math.min(longestMs, Math.ceil(this.random() * 12))
    return Math.ceil(this.random() * longestMs)
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  /** Runs later, in the process if one is given: then not while that is paused. Returns a function that cancels it. */
  after(delayMs: number, run: () => void, process?: SimulatedProcess): () => void {
    const event: Event = { atMs: this.nowMs + delayMs, order: this.#order++, process, run }
    this.#push(event)
    return () => {
      event.run = undefined
    }
  }

  /** Lets virtual time pass. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms
    await settle()
    for (let event = this.#events[0]; event !== undefined && event.atMs <= untilMs; event = this.#events[0]) {
      this.#pop()
      this.nowMs = Math.max(this.nowMs, event.atMs)
      if (event.run === undefined) continue
      const pausedUntilMs = event.process?.pausedUntilMs ?? 0
      if (pausedUntilMs > this.nowMs) {
        this.#push({ ...event, atMs: pausedUntilMs })
        continue
      }
      this.step++
      event.run()
      await settle()
    }
    this.nowMs = untilMs
  }

  /** Lets virtual time pass until the work has settled. */
  async finish<T>(work: Promise<T>): Promise<T> {
    let isDone = false
    const done = () => {
      isDone = true
    }
    work.then(done, done)
    for (let waits = 0; !isDone && waits < 400; waits++) await this.advance(25)
    if (!isDone) throw new Error('a call never ends')
    return work
  }

  #push(event: Event): void {
    const heap = this.#events
    let at = heap.length
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt]
      if (parent === undefined || isBefore(parent, event)) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#events
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let childAt = 2 * at + 1
      let child = heap[childAt]
      if (child === undefined) break
      const right = heap[childAt + 1]
      if (right !== undefined && isBefore(right, child)) {
        childAt++
        child = right
      }
      if (isBefore(last, child)) break
      heap[at] = child
      at = childAt
    }
    heap[at] = last
  }
}

/** One process of several: its own clock, and it can be paused as SIGSTOP does it. */
export class SimulatedProcess {
  readonly #simulation: Simulation
  /** Processes do not agree on what time it is. */
  readonly #offsetMs: number
  pausedUntilMs = 0

  constructor(simulation: Simulation) {
    this.#simulation = simulation
    this.#offsetMs = simulation.random() * 10_000
  }

  readonly clock: Clock = {
    now: () => this.#simulation.nowMs + this.#offsetMs,
    after: (delayMs, callback) => this.#simulation.after(delayMs, callback, this),
    afterInput: (callback) => {
      this.#simulation.after(0, callback, this)
    },
  }

  pause(ms: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, this.#simulation.nowMs + ms)
  }
}

const isBefore = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

/** Resolves when every promise that can settle without an event has: ticks run once no microtask is left. */
const settle = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))
