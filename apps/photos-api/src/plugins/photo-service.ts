import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type PhotoRepository, PhotoService } from 'photos-domain'

declare module 'fastify' {
  interface FastifyInstance {
    photoService: PhotoService
  }
}

/** PhotoService over the store, or over the cache around it where there is one. */
export const photoService = fp(
  async (app: FastifyInstance, { maxPhotos }: { maxPhotos: number }) => {
    const repository: PhotoRepository = app.hasDecorator('photoCache') ? app.photoCache : app.photoStore
    app.decorate('photoService', new PhotoService(repository, { maxPhotosPerWorkspace: maxPhotos }))
  },
  { name: 'photo-service', dependencies: ['photo-store'], fastify: '5.x' },
)
