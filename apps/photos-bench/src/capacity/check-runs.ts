/**
 * What was measured as a whole: by loads of `bench costs` that gave no cost, over 100,000 workspaces with 64 connections, and by others.
 */

/** `NGINX and the embedded store, Zipf 0.99`. */
export const EDGE_RUN = { requestsPerSecond: 34_300, edgeShare: 0.7 } as const

/** `both tiers, Zipf 0.99`, with every workspace in Redis. */
export const TIERS_RUN = {
  workspaces: 100_000,
  memoryTierBytes: 4 * 2 ** 20,
  requestsPerSecond: 39_000,
  memoryShare: 0.65,
  serviceMicroseconds: 24.6,
} as const

/** `bench run cached-zipf-mixed` over a larger store and with a larger tier. */
export const MIXED_RUN = {
  workspaces: 300_000,
  memoryTierBytes: 64 * 2 ** 20,
  writeShare: 0.05,
  requestsPerSecond: 10_200,
} as const

/** `unit/hit-ratio.test.ts` of photos-cache: S3-FIFO with Zipf 0.99. */
export const POLICY_RUN = { workspaces: 30_000, records: 3_000, hitShare: 0.75 } as const
