/** How often the store is asked for what other processes have written, while somebody waits for it. */
const POLL_INTERVAL_MS = 50

/** Tells those who wait that there may be something new in the store. */
export class ChangeNews {
  readonly #lastVersion: () => number
  readonly #waiting = new Map<() => void, number>()
  #poll: NodeJS.Timeout | undefined

  /** `lastVersion` gives the highest version of the store; it may throw. */
  constructor(lastVersion: () => number) {
    this.#lastVersion = lastVersion
  }

  /**
   * Resolves when the store has a version above `version`, or may have one, and when the signal aborts: at once for the
   * writes of this process, within 50 ms for those of others.
   */
  async after(version: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        this.#waiting.delete(wake)
        if (this.#waiting.size === 0) this.#stopPolling()
        resolve()
      }
      signal.addEventListener('abort', wake)
      this.#waiting.set(wake, version)
      // It does not keep the process alive: whoever only waits for news has nothing else to do.
      this.#poll ??= setInterval(() => this.#look(), POLL_INTERVAL_MS).unref()
    })
  }

  /** There is something new. */
  tell(): void {
    for (const wake of [...this.#waiting.keys()]) wake()
  }

  #look(): void {
    let last = Number.POSITIVE_INFINITY
    try {
      last = this.#lastVersion()
    } catch {
      // Those who wait will read, and meet the error themselves.
    }
    for (const [wake, version] of [...this.#waiting]) if (last > version) wake()
  }

  #stopPolling(): void {
    clearInterval(this.#poll)
    this.#poll = undefined
  }
}
