import { DISTRIBUTED_RUN, EMBEDDED_RUN } from './check-runs.js'
import type { Costs } from './costs.js'
import { EDGE_LEAST_RATE, EDGE_LIFE_SECONDS, MEMORY_LIFE_SECONDS } from './flow.js'
import { popularity } from './popularity.js'
import { pass, type Stream } from './tiers.js'

/** Something that was measured as a whole, and that the model gives from the costs of its parts. */
export interface Check {
  readonly what: string
  readonly unit: string
  readonly measured: number
  readonly predict: (costs: Costs) => number
}

/** The model must come so near to what was measured. */
export const TOLERANCE = 0.2

const EXPONENT = 0.99

export const CHECKS: readonly Check[] = [
  {
    what: 'NGINX, Zipf 0.99: share that the microcache answers',
    unit: '%',
    measured: EMBEDDED_RUN.edgeShare * 100,
    predict: () => edgeShare(EMBEDDED_RUN.requestsPerSecond) * 100,
  },
  {
    what: 'NGINX and one replica over the embedded store, Zipf 0.99, all on 2 cores',
    unit: 'requests/s',
    measured: EMBEDDED_RUN.requestsPerSecond,
    predict: (costs) => {
      const hits = edgeShare(EMBEDDED_RUN.requestsPerSecond)
      return onTwoCores([
        hits * costs.edgeHit.value + (1 - hits) * costs.edgePass.value,
        (1 - hits) * costs.embeddedRead.value,
        costs.generator.value,
      ])
    },
  },
  {
    what: 'S3-FIFO with room for 3,000 of 30,000, Zipf 0.99: hits (unit/hit-ratio.test.ts of photos-cache)',
    unit: '%',
    measured: 75,
    predict: () => hitShare(30_000, 3_000, Number.MAX_SAFE_INTEGER) * 100,
  },
  {
    what: 'in-process tier of 4 MiB, Zipf 0.99 over 100,000: share that it answers',
    unit: '%',
    measured: DISTRIBUTED_RUN.memoryShare * 100,
    predict: (costs) => memoryShare(costs) * 100,
  },
  {
    what: 'the same: CPU of the replica for a request',
    unit: 'µs',
    measured: DISTRIBUTED_RUN.serviceMicroseconds,
    predict: (costs) => {
      const hits = memoryShare(costs)
      return hits * costs.memoryHit.value + (1 - hits) * costs.redisHit.value
    },
  },
  {
    what: 'both tiers over CouchDB, Zipf 0.99, 5 % writes, all on 2 cores',
    unit: 'requests/s',
    measured: DISTRIBUTED_RUN.mixedRequestsPerSecond,
    predict: (costs) => {
      const hits = memoryShare(costs)
      const reads = 1 - DISTRIBUTED_RUN.writeShare
      const writes = DISTRIBUTED_RUN.writeShare
      return onTwoCores([
        reads * (hits * costs.memoryHit.value + (1 - hits) * costs.redisHit.value) +
          writes * costs.cachedWrite.value,
        reads * (1 - hits) * costs.redisPerHit.value + writes * costs.redisPerWrite.value,
        writes * costs.couchdbPerWrite.value,
        costs.generator.value,
      ])
    },
  },
  {
    what: 'data file of the embedded store, 10,000,000 workspaces',
    unit: 'GB',
    measured: 16.5,
    predict: (costs) => (10_000_000 * costs.embeddedBytesPerWorkspace.value) / 1e9,
  },
]

const CHECKED_WORKSPACES = 100_000

const edgeShare = (requestsPerSecond: number): number =>
  pass(zipfStreams(CHECKED_WORKSPACES, requestsPerSecond), {
    caches: 1,
    lifeSeconds: EDGE_LIFE_SECONDS,
    onWrite: 'ignored',
    leastRate: EDGE_LEAST_RATE,
  }).hitShare

const memoryShare = (costs: Costs): number =>
  hitShare(
    CHECKED_WORKSPACES,
    DISTRIBUTED_RUN.memoryTierBytes / costs.memoryBytesPerRecord.value,
    MEMORY_LIFE_SECONDS,
  )

/** At a rate at which lives are long. */
const hitShare = (workspaces: number, records: number, lifeSeconds: number): number =>
  pass(zipfStreams(workspaces, DISTRIBUTED_RUN.readsPerSecond), {
    caches: 1,
    records,
    lifeSeconds,
    onWrite: 'ends',
  }).hitShare

const zipfStreams = (workspaces: number, readsPerSecond: number): Stream[] =>
  popularity(workspaces, EXPONENT).map(({ count, share }) => ({
    count,
    reads: readsPerSecond * share,
    writes: 0,
  }))

/**
 * Requests per second of processes with one busy thread each beside each other on two cores.
 * @param microseconds what a request costs each of them
 */
function onTwoCores(microseconds: readonly number[]): number {
  const total = microseconds.reduce((sum, cost) => sum + cost, 0)
  return Math.min(2e6 / total, 1e6 / Math.max(...microseconds))
}
