/** The command line, a scenario or a results file is not right: a person's mistake, told without a stack trace. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something that a run needs did not start, died or cannot be had: told without a stack trace. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}

/** What the process exits with. Scripts and CI tell by it what happened. */
export const EXIT = {
  /** It ran, and what was asked for holds. */
  ok: 0,
  /** A gate's floor was missed, or a comparison found something worse. */
  failed: 1,
  /** The command line or a file is wrong, or a server could not be started: nothing was measured. */
  usage: 2,
  /** Answers were wrong or missing: what was measured means nothing. */
  invalid: 3,
  /** By a signal: 128 and SIGINT's number, as shells have it. */
  interrupted: 130,
} as const
