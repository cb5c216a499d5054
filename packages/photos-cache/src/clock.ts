/** Where time comes from. Tests put a simulated one here, so no part of the cache asks for the time in any other way. */
export interface Clock {
  /** Milliseconds on a monotonic clock: never set back, and going on while the process is stopped. */
  now(): number
  /** Calls back once, no sooner than in `delayMs`; the returned function cancels it. It keeps no process alive. */
  after(delayMs: number, callback: () => void): () => void
  /** Calls back once the input that has arrived by now was handled. */
  afterInput(callback: () => void): void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs).unref()
    return () => clearTimeout(timer)
  },
  // Timers run before the input of the same turn of the event loop is read; immediates run after it
  // (https://nodejs.org/en/learn/asynchronous-work/event-loop-timers-and-nexttick).
  afterInput: (callback) => {
    setImmediate(callback)
  },
}

/** A fraction in [0, 1), as `Math.random` gives it. */
export type Random = () => number

/** `ms`, up to a tenth shorter or longer: what was cached together does not expire together. */
export const jittered = (ms: number, random: Random): number => ms * (0.9 + 0.2 * random())
