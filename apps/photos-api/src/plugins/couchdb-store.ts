import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { photosCache, redisConnection } from 'photos-cache'
import { photosCouchdb } from 'photos-couchdb'
import type { Config } from '../config.js'

/** A feed over a dead connection is noticed after 2.5 times as long: the cache's bound on staleness builds on it. */
const HEARTBEAT_MS = 1000

/** CouchDB as `app.photoStore`; and around it, unless it is turned off, the cache as `app.photoCache`. */
export const couchdbStore = fp(
  async (app: FastifyInstance, { couchdbUrls, cache }: Pick<Config, 'couchdbUrls' | 'cache'>) => {
    await app.register(photosCouchdb, { urls: couchdbUrls, heartbeatMs: HEARTBEAT_MS })
    if (!cache.enabled) return
    if (cache.redisUrl !== undefined) await app.register(redisConnection, { url: cache.redisUrl })
    await app.register(photosCache, {
      memoryBytes: cache.memoryBytes,
      staleIfErrorMs: cache.staleIfErrorMs,
      keyPrefix: keyPrefixOf(couchdbUrls),
    })
  },
  { name: 'couchdb-store', fastify: '5.x' },
)

/** Databases that share a Redis must not share its keys. All URLs name the same database, so the first one tells. */
function keyPrefixOf([url = '']: readonly string[]): string {
  return `photos:${url.slice(url.lastIndexOf('/') + 1)}:`
}
