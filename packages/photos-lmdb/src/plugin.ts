import fp from 'fastify-plugin'
import type { PhotoRepository } from 'photos-domain'
import { type LmdbRepositoryOptions, openLmdbRepository } from './repository.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where the app's photos are stored. */
    photoStore: PhotoRepository
  }
}

/** Opens an embedded store as `fastify.photoStore`, and closes it with the app. Options: {@link LmdbRepositoryOptions}. */
export const photosLmdb = fp<LmdbRepositoryOptions>(
  async (fastify, options) => {
    const repository = await openLmdbRepository(options)
    fastify.addHook('onClose', () => repository.close())
    fastify.decorate('photoStore', repository)
  },
  { name: 'photo-store', fastify: '5.x' },
)
