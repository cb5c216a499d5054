import { setTimeout as delay } from 'node:timers/promises'
import { isPhotosError } from 'photos-domain'
import type { RetryOptions } from 'photos-samples'

/** An iteration that brought something, or lasted so long, was well: what fails afterwards fails for the first time. */
const WELL_AFTER_MS = 60_000

/**
 * Iterates over what `open` opens, and opens it again after the last element when the store is away for a while. Waits grow,
 * and are bounded as those of `withRetries`: 60 s from the first failure after something came.
 * @throws what the iteration threw last, once time is up, and at once when another attempt would not help
 */
export async function* resuming<T>(
  open: (last: T | undefined) => AsyncIterable<T>,
  { forMs = 60_000, baseDelayMs = 200, maxDelayMs = 5_000, signal }: RetryOptions = {},
): AsyncGenerator<T, void, undefined> {
  let last: T | undefined
  let failures = 0
  let failingSince = 0
  for (;;) {
    const openedAt = performance.now()
    try {
      for await (const element of open(last)) {
        last = element
        failures = 0
        yield element
      }
      return
    } catch (error) {
      if (!isOutage(error)) throw error
      const now = performance.now()
      if (now - openedAt > WELL_AFTER_MS) failures = 0
      if (failures++ === 0) failingSince = now
      const waitMs = Math.random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (failures - 1))
      if (now + waitMs > failingSince + forMs || !(await waited(waitMs, signal))) throw error
    }
  }
}

/** Of what an iteration may throw, that which may well have passed a little later. */
const isOutage = (error: unknown): boolean =>
  isPhotosError(error, 'REPOSITORY_UNAVAILABLE') || isPhotosError(error, 'REPOSITORY_OVERLOADED')

/** True after the time, false as soon as the signal aborts. */
async function waited(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal })
    return true
  } catch {
    return false
  }
}
