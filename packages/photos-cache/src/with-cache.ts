import type { PhotoRepository } from 'photos-domain'
import { CachedRepository } from './cached-repository.js'
import { systemClock } from './clock.js'
import { silentLog } from './log.js'
import { type CacheOptions, DEFAULT_KEY_PREFIX, settingsOf } from './options.js'
import { openConnections } from './remote/redis-connections.js'
import { RedisDriver } from './remote/redis-driver.js'

/**
 * Puts the cache around a repository whose reads leave the process. It begins to follow the repository's feed, and to connect to Redis,
 * at once; nothing waits for either.
 *
 * A store whose reads are local (LMDB) is better left without: its pages are in memory already, and it is never out of date.
 *
 * @throws RangeError for an option out of range
 */
export function withCache(repository: PhotoRepository, options: CacheOptions = {}): CachedRepository {
  const settings = settingsOf(options)
  const { redis, keyPrefix = DEFAULT_KEY_PREFIX, log = silentLog } = options
  return new CachedRepository(repository, {
    settings,
    clock: systemClock,
    random: Math.random,
    log,
    driver: redis === undefined ? undefined : new RedisDriver(openConnections(redis), keyPrefix),
  })
}
