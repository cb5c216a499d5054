interface Output {
  write(text: string): unknown
}

/** Shows how far a run is on standard error, so that standard output holds the results alone. */
export class Progress {
  readonly #stream: Output
  readonly #clock: () => number
  #prefix = ''
  #shownAtMs = Number.NEGATIVE_INFINITY
  #kind = ''

  constructor(stream: Output = process.stderr, clock: () => number = Date.now) {
    this.#stream = stream
    this.#clock = clock
  }

  /** What the following lines are about. */
  about(name: string): void {
    this.#prefix = name
  }

  /** One step. Of texts that differ in nothing but their numbers, those that follow within a second are left out. */
  readonly step = (text: string): void => {
    const kind = text.replaceAll(/\d/g, '')
    const nowMs = this.#clock()
    if (kind === this.#kind && nowMs - this.#shownAtMs < 1000) return
    this.#kind = kind
    this.#shownAtMs = nowMs
    this.#stream.write(`${this.#prefix}: ${text}\n`)
  }
}
