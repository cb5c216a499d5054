import { setTimeout as delay } from 'node:timers/promises'
import { isPhotosError, type PhotosErrorCode } from 'photos-domain'

export interface RetryOptions {
  /** For how long an action that keeps failing is tried again, counted from its first failure. Default 60 s. */
  readonly forMs?: number | undefined
  /** The longest wait before the second attempt; it doubles with each further one. Default 200 ms. */
  readonly baseDelayMs?: number | undefined
  /** The longest wait between two attempts. Default 5 s. */
  readonly maxDelayMs?: number | undefined
  /** Ends the waiting: the action's last error is thrown at once. */
  readonly signal?: AbortSignal | undefined
}

/** What may well have passed a little later. */
const PASSING: readonly PhotosErrorCode[] = [
  'REPOSITORY_UNAVAILABLE',
  'REPOSITORY_OVERLOADED',
  'WRITE_OUTCOME_UNKNOWN',
  'QUORUM_NOT_MET',
]

/**
 * Does what may be done twice, and does it again with growing waits while the store is away or overloaded.
 * @throws what the action threw last, once time is up, and at once when another attempt would not help
 */
export async function withRetries<T>(
  action: () => Promise<T>,
  { forMs = 60_000, baseDelayMs = 200, maxDelayMs = 5_000, signal }: RetryOptions = {},
): Promise<T> {
  let giveUpAt: number | undefined
  for (let attempt = 1; ; attempt++) {
    try {
      return await action()
    } catch (error) {
      if (!isPhotosError(error) || !PASSING.includes(error.code)) throw error
      giveUpAt ??= performance.now() + forMs
      // Up to the bound, at random, so that the writes that failed together do not come back together.
      const waitMs = Math.random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1))
      if (performance.now() + waitMs > giveUpAt || !(await waited(waitMs, signal))) throw error
    }
  }
}

/** True after the time, false as soon as the signal aborts. */
async function waited(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal })
    return true
  } catch {
    return false
  }
}
