import { Histogram, type Latency } from './histogram.js'
import type { RemoteTierMetrics } from './remote/remote-tier.js'

/** What reads count as they go. */
export class ReadCounters {
  memoryHits = 0
  memoryMisses = 0
  /** Reads that joined the flight of another one. */
  joined = 0
  redisHits = 0
  redisMisses = 0
  /** Reads that did not ask Redis, because what it has could not be trusted or it is out. */
  redisBypassed = 0
  storeReads = 0
  storeErrors = 0
  /** Answers of the store that were older than what it had confirmed, and were asked for again. */
  storeBehind = 0
  staleAnswers = 0
  readonly storeLatency = new Histogram()
}

/** Plain numbers since the start, and states as of now; cheap enough to be asked for at every scrape. */
export interface CacheMetrics {
  readonly memory: {
    readonly hits: number
    readonly misses: number
    readonly evictions: number
    readonly entries: number
    readonly bytes: number
    readonly maxBytes: number
  }
  /** Absent where there is no Redis tier. */
  readonly redis?:
    | (RemoteTierMetrics & {
        readonly hits: number
        readonly misses: number
        readonly bypassed: number
        /** Whether its entries are taken for current now. */
        readonly isTrusted: boolean
        /** Workspaces that Redis has still to be told of. */
        readonly unsettled: number
        /** Changes of others that this process told Redis of. */
        readonly relayed: number
        /** Whether announcements are heard. */
        readonly busIsLive: boolean
        readonly announcementsHeard: number
      })
    | undefined
  readonly store: {
    readonly reads: number
    readonly errors: number
    readonly behind: number
    readonly latency: Latency
    readonly joined: number
    readonly staleAnswers: number
    readonly feedIsLive: boolean
    readonly changesHeard: number
  }
}
