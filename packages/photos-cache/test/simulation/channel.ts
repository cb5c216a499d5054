import type { SimulatedProcess, Simulation } from './simulation.js'

/** What is on its way in one direction of a connection: everything arrives in the order in which it was sent. */
export class Channel {
  readonly #simulation: Simulation
  readonly #longestMs: () => number
  readonly #process: SimulatedProcess | undefined
  #lastArrivalMs = 0
  #isHeld = false
  #isClosed = false
  #held: (() => void)[] = []

  /** `longestMs`: how long it takes at the most, as of when it is sent. `process`: where it arrives, if that is a process that can be paused. */
  constructor(simulation: Simulation, longestMs: () => number, process?: SimulatedProcess) {
    this.#simulation = simulation
    this.#longestMs = longestMs
    this.#process = process
  }

  send(arrive: () => void): void {
    const { nowMs } = this.#simulation
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, nowMs + this.#simulation.delayMs(this.#longestMs()))
    this.#simulation.after(this.#lastArrivalMs - nowMs, () => this.#arrive(arrive), this.#process)
  }

  /** Nothing arrives, and nobody is told: it waits. */
  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
    const held = this.#held
    this.#held = []
    for (const arrive of held) this.#arrive(arrive)
  }

  /** What is on its way is lost. */
  close(): void {
    this.#isClosed = true
    this.#held = []
  }

  #arrive(arrive: () => void): void {
    if (this.#isClosed) return
    if (this.#isHeld) this.#held.push(arrive)
    else arrive()
  }
}
