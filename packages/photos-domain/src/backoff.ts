export interface Backoff {
  /** How many times to try, the first included. */
  readonly attempts: number
  /** The longest wait before the second attempt; it doubles with each further one. */
  readonly baseDelayMs: number
  /** The longest wait before any attempt. */
  readonly maxDelayMs: number
}

/**
 * How long to wait after `attempt` (1 for the first) has failed: anything up to the bound, at random, so that those who
 * failed together do not come back together
 * ("full jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function backoffDelayMs(
  { baseDelayMs, maxDelayMs }: Backoff,
  attempt: number,
  random: () => number,
): number {
  return random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1))
}
