import { inspect } from 'node:util'
import { isPhotosError } from 'photos-domain'
import { maskSecrets } from './secrets.js'

/** How the process ends. A process that a signal ended has 128 and the signal's number, as from a shell. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130, brokenPipe: 141 } as const

/** Something the user can put right; the message says what, in a line. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The command line or the configuration asks for something that there is not. */
export const usageError = (message: string): CommandError => new CommandError(message, EXIT.usage)

/**
 * What to tell the user of an error: a line for what can go wrong in the world, everything for what only
 * a mistake in this program explains. Never a password.
 */
export function describeFailure(error: unknown): string {
  return maskSecrets(error instanceof Error && isExpected(error) ? error.message : inspect(error))
}

const EXPECTED_NAMES: readonly string[] = ['CommandError', 'ConfigError', 'SeedError', 'ImportError']

const isExpected = (error: unknown): boolean =>
  error instanceof Error &&
  (isPhotosError(error) ||
    isSystemError(error) ||
    (EXPECTED_NAMES.includes(error.name) && (error.cause === undefined || isExpected(error.cause))))

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode
  return error instanceof Error && error.name === 'ConfigError' ? EXIT.usage : EXIT.failed
}

/** An error of the operating system, such as ENOENT (https://nodejs.org/api/errors.html#class-systemerror). */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
