import type { CacheLog } from './log.js'
import type { RedisLocation } from './remote/redis-connections.js'

export interface CacheOptions {
  /** How much memory the in-process tier may take, in bytes; 0 turns it off. Default 64 MiB. */
  readonly memoryBytes?: number | undefined
  /** Where the Redis tier is. Absent: there is none, and the in-process tier trusts itself for a second at the most. */
  readonly redis?: RedisLocation | undefined
  /** Before every key and channel in Redis; one for each store that shares the server. Default `photos:`. */
  readonly keyPrefix?: string | undefined
  /** How long a call to Redis may take before it counts as a miss. Default 50. */
  readonly redisTimeoutMs?: number | undefined
  /**
   * How far an answer may be behind an acknowledged write, whatever is cut off from what. Default 1000. A fifth of it is the allowance for
   * the delay of the store's feed.
   */
  readonly maxStalenessMs?: number | undefined
  /** How long, while the store cannot be asked, what is cached is served and marked stale. Default 60,000; 0: not at all. */
  readonly staleIfErrorMs?: number | undefined
  /** How long a read waits for a slow store before what is cached is served, marked stale. Default 1000. */
  readonly storePatienceMs?: number | undefined
  /** The longest an entry is used without being read again, in process, jittered. Default 60,000. */
  readonly memoryLifeMs?: number | undefined
  /** The same in Redis. Default 3,600,000. */
  readonly redisLifeMs?: number | undefined
  /** Gets one line for each change of state. Default: nothing is logged. */
  readonly log?: CacheLog | undefined
}

/** Every option, and the settings that have no reason to be changed outside of tests. */
export interface CacheSettings {
  readonly memoryBytes: number
  readonly maxStalenessMs: number
  readonly staleIfErrorMs: number
  readonly storePatienceMs: number
  readonly memoryLifeMs: number
  readonly redisLifeMs: number
  readonly redisTimeoutMs: number
  readonly maxUnsettled: number
}

/** The part of the staleness bound that is left to the feed: how long it may take to be there, and to tell of a write. */
const FEED_PART = 0.2

export const feedDelayMs = ({ maxStalenessMs }: CacheSettings): number => maxStalenessMs * FEED_PART

/** The rest of it: for how long what was current is taken for current without being told. */
export const windowMs = ({ maxStalenessMs }: CacheSettings): number => maxStalenessMs * (1 - FEED_PART)

export const DEFAULT_KEY_PREFIX = 'photos:'

/** @throws RangeError naming the option that is no number of the kind it must be */
export function settingsOf(options: CacheOptions): CacheSettings {
  const settings: CacheSettings = {
    memoryBytes: options.memoryBytes ?? 64 * 1024 * 1024,
    maxStalenessMs: options.maxStalenessMs ?? 1000,
    staleIfErrorMs: options.staleIfErrorMs ?? 60_000,
    storePatienceMs: options.storePatienceMs ?? 1000,
    memoryLifeMs: options.memoryLifeMs ?? 60_000,
    redisLifeMs: options.redisLifeMs ?? 3_600_000,
    redisTimeoutMs: options.redisTimeoutMs ?? 50,
    maxUnsettled: 100_000,
  }
  const mayBeZero = new Set(['memoryBytes', 'staleIfErrorMs'])
  for (const [name, value] of Object.entries(settings)) {
    if (!Number.isFinite(value) || value < 0 || (value === 0 && !mayBeZero.has(name))) {
      throw new RangeError(`${name} must be a number ${mayBeZero.has(name) ? 'not below' : 'above'} 0`)
    }
  }
  return settings
}
