import { EDGE_RUN, MIXED_RUN, POLICY_RUN, TIERS_RUN } from './check-runs.js'
import { atRate, type Costs } from './costs.js'
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

export const CHECKS: readonly Check[] = [
  {
    what: 'NGINX, Zipf 0.99 over 100,000: what the microcache answers',
    unit: '%',
    measured: EDGE_RUN.edgeShare * 100,
    predict: () => edgeShare() * 100,
  },
  {
    what: 'NGINX and a replica over the embedded store, Zipf 0.99, on 2 cores',
    unit: 'requests/s',
    measured: EDGE_RUN.requestsPerSecond,
    predict: (costs) => {
      const passed = 1 - edgeShare()
      return onOneMachine(costs, [
        (1 - passed) * costs.edgeHit.value + passed * costs.edgePass.value,
        passed * costs.embeddedRead.value,
      ])
    },
  },
  {
    what: 'S3-FIFO with room for 3,000 of 30,000, Zipf 0.99: hits',
    unit: '%',
    measured: POLICY_RUN.hitShare * 100,
    predict: () =>
      pass(zipfStreams(POLICY_RUN.workspaces, 1), {
        caches: 1,
        records: POLICY_RUN.records,
        lifeSeconds: Number.MAX_SAFE_INTEGER,
        onWrite: 'ignored',
      }).hitShare * 100,
  },
  {
    what: 'in-process tier of 4 MiB, Zipf 0.99 over 100,000: hits',
    unit: '%',
    measured: TIERS_RUN.memoryShare * 100,
    predict: (costs) => memoryShare(TIERS_RUN, costs) * 100,
  },
  {
    what: 'the same: CPU of the replica for a request',
    unit: 'µs',
    measured: TIERS_RUN.serviceMicroseconds,
    predict: (costs) => {
      const hits = memoryShare(TIERS_RUN, costs)
      return hits * costs.memoryHit.value + (1 - hits) * costs.redisHit.value
    },
  },
  {
    what: 'the same with Redis, on 2 cores',
    unit: 'requests/s',
    measured: TIERS_RUN.requestsPerSecond,
    predict: (costs) => {
      const hits = memoryShare(TIERS_RUN, costs)
      return onOneMachine(costs, [
        hits * costs.memoryHit.value + (1 - hits) * costs.redisHit.value,
        (1 - hits) * costs.redisPerHit.value,
      ])
    },
  },
  {
    what: 'both tiers over CouchDB, Zipf 0.99 over 300,000, 5 % writes, on 2 cores',
    unit: 'requests/s',
    measured: MIXED_RUN.requestsPerSecond,
    predict: mixedOnOneMachine,
  },
]

/** The rate decides the cost of a write, and the cost the rate: found by going back and forth. */
function mixedOnOneMachine(costs: Costs): number {
  const { writeShare } = MIXED_RUN
  const hits = memoryShare(MIXED_RUN, costs)
  let requestsPerSecond = 1000
  for (let round = 0; round < 50; round++) {
    const writes = requestsPerSecond * writeShare
    requestsPerSecond = onOneMachine(costs, [
      (1 - writeShare) * (hits * costs.memoryHit.value + (1 - hits) * costs.redisHit.value) +
        writeShare * atRate(costs.cachedWrite, writes),
      (1 - writeShare) * (1 - hits) * costs.redisPerHit.value + writeShare * costs.redisPerWrite.value,
      writeShare * atRate(costs.couchdbPerWrite, writes),
    ])
  }
  return requestsPerSecond
}

const EXPONENT = 0.99

const edgeShare = (): number =>
  pass(zipfStreams(TIERS_RUN.workspaces, EDGE_RUN.requestsPerSecond), {
    caches: 1,
    lifeSeconds: EDGE_LIFE_SECONDS,
    onWrite: 'ignored',
    leastRate: EDGE_LEAST_RATE,
  }).hitShare

const memoryShare = (run: typeof TIERS_RUN | typeof MIXED_RUN, costs: Costs): number =>
  pass(zipfStreams(run.workspaces, run.requestsPerSecond), {
    caches: 1,
    records: run.memoryTierBytes / costs.memoryBytesPerRecord.value,
    lifeSeconds: MEMORY_LIFE_SECONDS,
    onWrite: 'ends',
  }).hitShare

const zipfStreams = (workspaces: number, readsPerSecond: number): Stream[] =>
  popularity(workspaces, EXPONENT).map(({ count, share }) => ({
    count,
    reads: readsPerSecond * share,
    writes: 0,
  }))

/**
 * Requests per second of servers beside each other and the generator; none can use more than one core.
 * @param microseconds what a request costs each server
 */
function onOneMachine(costs: Costs, microseconds: readonly number[]): number {
  const all = [...microseconds, costs.generator.value]
  const total = all.reduce((sum, cost) => sum + cost, 0)
  return Math.min((costs.usableCores.value * 1e6) / total, 1e6 / Math.max(...microseconds))
}
