import type { Costs } from './costs.js'
import { popularity } from './popularity.js'
import { type Passage, pass, readsPerSecond, type Stream } from './tiers.js'

/** The load that is planned for. */
export interface Demand {
  readonly requestsPerSecond: number
  /** The share of them that are writes, 0 to 1. They follow the same popularity as the reads. */
  readonly writeShare: number
  readonly workspaces: number
  /** Of Zipf's law; 0: every workspace is as likely as any other. */
  readonly zipfExponent: number
}

/** What there is of each tier. */
export interface Tiers {
  /** NGINX processes that cache on their own. */
  readonly edges: number
  /** Processes of all replicas. */
  readonly processes: number
  /** Stacks of replicas, Redis and CouchDB that divide the workspaces among themselves. */
  readonly cells: number
  /** In each process. */
  readonly memoryTierBytes: number
  /** Of all Redis servers. */
  readonly redisBytes: number
}

/** How the requests come down through the tiers; all per second. */
export interface Flow {
  readonly requests: number
  readonly writes: number
  readonly edge: Passage
  readonly memory: Passage
  readonly redis: Passage
  /** Reads that each tier is asked for. */
  readonly toReplicas: number
  readonly toRedis: number
  readonly toCouchdb: number
}

/** NGINX counts whole seconds: an answer with s-maxage=1 is fresh for 1 to 2 s. */
export const EDGE_LIFE_SECONDS = 1.5
/** `proxy_cache_min_uses`, in the minute for which NGINX remembers a key. */
export const EDGE_LEAST_RATE = 5 / 60
/** `memoryLifeMs` and `redisLifeMs` of photos-cache. */
export const MEMORY_LIFE_SECONDS = 60
export const REDIS_LIFE_SECONDS = 3600

export function flowOf(demand: Demand, tiers: Tiers, costs: Costs): Flow {
  const { requestsPerSecond: requests, writeShare } = demand
  const edge = pass(streamsOf(demand), {
    caches: tiers.edges,
    lifeSeconds: EDGE_LIFE_SECONDS,
    onWrite: 'ignored',
    leastRate: EDGE_LEAST_RATE,
  })
  // A cell has workspaces of its own: what its processes hold is not held by those of another.
  const memory = pass(edge.rest, {
    caches: tiers.processes / tiers.cells,
    records: (tiers.memoryTierBytes * tiers.cells) / costs.memoryBytesPerRecord.value,
    lifeSeconds: MEMORY_LIFE_SECONDS,
    onWrite: 'ends',
  })
  const redis = pass(memory.rest, {
    caches: 1,
    records: tiers.redisBytes / costs.redisBytesPerRecord.value,
    lifeSeconds: REDIS_LIFE_SECONDS,
    onWrite: 'renews',
  })
  return {
    requests,
    writes: requests * writeShare,
    edge,
    memory,
    redis,
    toReplicas: readsPerSecond(edge.rest),
    toRedis: readsPerSecond(memory.rest),
    toCouchdb: readsPerSecond(redis.rest),
  }
}

function streamsOf({ requestsPerSecond, writeShare, workspaces, zipfExponent }: Demand): Stream[] {
  return popularity(workspaces, zipfExponent).map(({ count, share }) => ({
    count,
    reads: requestsPerSecond * (1 - writeShare) * share,
    writes: requestsPerSecond * writeShare * share,
  }))
}
