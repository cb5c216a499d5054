import { cachedData } from '../data/cached-data.js'
import { noCouchdb } from '../data/couchdb-servers.js'
import { readAll } from './read-all.js'
import { startService } from './service.js'
import type { Subject, SubjectContext } from './subject.js'

/** The service over CouchDB with both tiers of its cache. */
export const cached: Subject = cachedBy('both tiers of the cache', {})

/** The same as after a while of service: every workspace was read once, so that Redis has it. */
export const warmCached: Subject = cachedBy(
  'both tiers of the cache, and every workspace in Redis',
  {},
  readAll,
)

/** The Redis tier alone, with every workspace in it. */
export const redisCached: Subject = cachedBy('the Redis tier alone', { PHOTOS_CACHE_MEMORY_MB: '0' }, readAll)

function cachedBy(
  tiers: string,
  settings: Readonly<Record<string, string>>,
  prepare: (origin: string, context: SubjectContext) => Promise<void> = async () => {},
): Subject {
  return {
    description: `photos-api over CouchDB, one replica, with ${tiers}`,
    answers: 'samples',
    unavailable: noCouchdb,
    async start(context) {
      const data = await cachedData(context)
      const service = await startService('cached', context, { ...data.settings, ...settings }, data.release)
      try {
        await prepare(service.origin, context)
        return service
      } catch (error) {
        await service.stop()
        throw error
      }
    },
  }
}
