import { sampleWorkspaceId } from 'photos-samples'
import { startRedis } from 'photos-test-servers'
import { couchdbData } from '../data/couchdb-data.js'
import { noCouchdb } from '../data/couchdb-servers.js'
import { SetupError } from '../errors.js'
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
      const data = await couchdbData(context)
      const redis = await startRedis({ settings: { maxmemory: '2gb' } })
      const release = async (): Promise<void> => {
        await redis.close()
        await data.release()
      }
      const urls = { COUCHDB_URL: data.urls.join(','), REDIS_URL: redis.url }
      const service = await startService('cached', context, { ...urls, ...settings }, release)
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

const READERS = 256

/** Reads every workspace once, so that each is in Redis. */
async function readAll(origin: string, { workspaces, progress }: SubjectContext): Promise<void> {
  let next = 0
  const reader = async (): Promise<void> => {
    while (next < workspaces) {
      const index = next++
      const answer = await fetch(`${origin}/api/photos/workspace/${sampleWorkspaceId(index)}`)
      await answer.arrayBuffer()
      if (!answer.ok) throw new SetupError(`status ${answer.status} for sample workspace ${index}`)
      if (index % 10_000 === 0) progress(`filling Redis: ${index} of ${workspaces} workspaces`)
    }
  }
  await Promise.all(Array.from({ length: READERS }, reader))
}
