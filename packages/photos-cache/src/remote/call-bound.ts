import type { Clock } from '../clock.js'

interface Call {
  readonly deadlineMs: number
  /** Undefined once it has ended. */
  giveUp: (() => void) | undefined
}

/** What a call rejects with that took too long. */
export class CallTimedOut extends Error {
  override readonly name = 'CallTimedOut'
}

/**
 * Bounds calls that all may take equally long: they are due in the order in which they were made, so one timer is enough for all.
 * A call that is over time is given one more look at what has arrived: when it was this process that was slow, the answer is there.
 */
export class CallBound {
  readonly #clock: Clock
  readonly #timeoutMs: number
  #calls: Call[] = []
  /** How many calls at the front of the list have ended. */
  #ended = 0
  #timerIsSet = false

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** Calls exactly one of the two. `onFailed` gets what the call rejected with, or a {@link CallTimedOut}. */
  run<T>(work: Promise<T>, onDone: (value: T) => void, onFailed: (error: unknown) => void): void {
    const call: Call = {
      deadlineMs: this.#clock.now() + this.#timeoutMs,
      giveUp: () => onFailed(new CallTimedOut(`no answer in ${this.#timeoutMs} ms`)),
    }
    this.#calls.push(call)
    if (!this.#timerIsSet) this.#setTimer(call)
    work.then(
      (value) => {
        if (this.#end(call)) onDone(value)
      },
      (error: unknown) => {
        if (this.#end(call)) onFailed(error)
      },
    )
  }

  #end(call: Call): boolean {
    if (call.giveUp === undefined) return false
    call.giveUp = undefined
    this.#trim()
    return true
  }

  #trim(): void {
    while (this.#calls[this.#ended]?.giveUp === undefined && this.#ended < this.#calls.length) this.#ended++
    if (this.#ended === this.#calls.length) {
      this.#calls = []
      this.#ended = 0
    } else if (this.#ended >= 1024) {
      this.#calls.splice(0, this.#ended)
      this.#ended = 0
    }
  }

  #setTimer({ deadlineMs }: Call): void {
    this.#timerIsSet = true
    this.#clock.after(Math.max(0, deadlineMs - this.#clock.now()), () => {
      this.#clock.afterInput(() => this.#giveUpOverdue())
    })
  }

  #giveUpOverdue(): void {
    const nowMs = this.#clock.now()
    for (let first = this.#calls[this.#ended]; first !== undefined; first = this.#calls[this.#ended]) {
      if (first.deadlineMs > nowMs) {
        this.#setTimer(first)
        return
      }
      const { giveUp } = first
      first.giveUp = undefined
      this.#trim()
      giveUp?.()
    }
    this.#timerIsSet = false
  }
}
