import fp from 'fastify-plugin'
import type { PhotoRepository } from 'photos-domain'
import type { CachedRepository } from './cached-repository.js'
import type { CacheOptions } from './options.js'
import { withCache } from './with-cache.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where the app's photos are stored. */
    photoStore: PhotoRepository
    /** The same, with the cache around it. */
    photoCache: CachedRepository
  }
}

/**
 * Puts the cache around `fastify.photoStore` as `fastify.photoCache`, and closes it with the app. Options: {@link CacheOptions}; the Redis tier
 * is where `fastify.redis` is, if @fastify/redis is registered and the options do not say otherwise.
 */
export const photosCache = fp<CacheOptions>(
  async (fastify, options) => {
    const redis = fastify.hasDecorator('redis') ? fastify.redis : undefined
    const cache = withCache(fastify.photoStore, { redis, log: fastify.log, ...options })
    fastify.addHook('onClose', () => cache.closeTiers())
    fastify.decorate('photoCache', cache)
  },
  { name: 'photo-cache', dependencies: ['photo-store'], fastify: '5.x' },
)
