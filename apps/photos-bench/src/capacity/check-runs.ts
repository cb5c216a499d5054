/**
 * What was measured as a whole, by the same runs of `bench costs` as the costs of the parts: 100,000 workspaces, 64 connections.
 */

/** `NGINX and the embedded store, Zipf 0.99`. */
export const EMBEDDED_RUN = {
  requestsPerSecond: 15_700,
  /** That the microcache answered. */
  edgeShare: 0.59,
} as const

/** `both tiers, Zipf 0.99`, and with 5 % writes. */
export const DISTRIBUTED_RUN = {
  memoryTierBytes: 4 * 2 ** 20,
  readsPerSecond: 5_300,
  memoryShare: 0.58,
  serviceMicroseconds: 50,
  writeShare: 0.05,
  mixedRequestsPerSecond: 2_270,
} as const
