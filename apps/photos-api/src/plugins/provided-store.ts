import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { PhotoRepository } from 'photos-domain'

/** A store that was opened elsewhere, and is closed there. */
export const providedStore = fp(
  async (app: FastifyInstance, { store }: { store: PhotoRepository }) => {
    app.decorate('photoStore', store)
  },
  { name: 'photo-store', fastify: '5.x' },
)
