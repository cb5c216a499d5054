import { constants } from 'node:os'

/** The user's or the system's wish that a command stops. */
export interface Interruption {
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** What the process exits with when it was asked to stop: 130 after SIGINT, 143 after SIGTERM. */
  readonly exitCode: number
  /** Leaves signals to the system again. */
  release(): void
}

/**
 * From a terminal one Ctrl-C may come twice: from the terminal itself and from a package manager in between. A second
 * one that comes within this time is the same.
 */
const SAME_PRESS_MS = 500

/** Takes signals over: the first one asks the command to stop, a later one ends the process at once. */
export function takeSignals(): Interruption {
  const controller = new AbortController()
  let exitCode = 0
  let firstAt = 0
  const onSignal = (name: NodeJS.Signals): void => {
    exitCode = 128 + constants.signals[name]
    if (!controller.signal.aborted) {
      firstAt = performance.now()
      controller.abort()
    } else if (performance.now() - firstAt > SAME_PRESS_MS) {
      process.exit(exitCode)
    }
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    release: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
