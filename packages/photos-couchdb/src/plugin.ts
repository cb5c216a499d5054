import fp from 'fastify-plugin'
import type { PhotoRepository } from 'photos-domain'
import type { CouchdbOptions } from './options.js'
import { openCouchdbRepository } from './repository.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where the app's photos are stored. */
    photoStore: PhotoRepository
  }
}

/**
 * Opens the database as `fastify.photoStore`, and closes it with the app. Options: {@link CouchdbOptions}. The app starts
 * also while CouchDB is away: `photoStore.ready()` tells.
 */
export const photosCouchdb = fp<CouchdbOptions>(
  async (fastify, options) => {
    const repository = openCouchdbRepository({
      ...options,
      onConflict: (workspaceId, losers) => {
        fastify.log.warn({ workspaceId, losers }, 'the document has conflicting revisions: repair them')
        options.onConflict?.(workspaceId, losers)
      },
    })
    fastify.addHook('onClose', () => repository.close())
    fastify.decorate('photoStore', repository)
  },
  { name: 'photo-store', fastify: '5.x' },
)
