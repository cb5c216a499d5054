import { startRedis } from 'photos-test-servers'
import type { SubjectContext } from '../subjects/subject.js'
import { couchdbData } from './couchdb-data.js'

/** A CouchDB database with the sample workspaces, and a Redis of its own beside it. */
export interface CachedData {
  /** The service's environment variables that name them. */
  readonly settings: { readonly COUCHDB_URL: string; readonly REDIS_URL: string }
  /** The process of Redis. */
  readonly redisPid: number | undefined
  /** Stops Redis, and removes what the run alone needed. */
  release(): Promise<void>
}

export async function cachedData(
  context: Pick<SubjectContext, 'workspaces' | 'changesData' | 'progress'>,
): Promise<CachedData> {
  const data = await couchdbData(context)
  const redis = await startRedis({ settings: { maxmemory: '2gb' } }).catch(async (error: unknown) => {
    await data.release()
    throw error
  })
  return {
    settings: { COUCHDB_URL: data.urls.join(','), REDIS_URL: redis.url },
    redisPid: redis.pid,
    async release() {
      await redis.close()
      await data.release()
    },
  }
}
