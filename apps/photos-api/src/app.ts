import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { PhotoRepository } from 'photos-domain'
import { photosLmdb } from 'photos-lmdb'
import type { Config } from './config.js'
import { FastPath } from './http/fast-path.js'
import { LEVELS_THAT_LOG_REQUESTS } from './http/request-log.js'
import { validatorCompiler } from './http/validator.js'
import { couchdbStore } from './plugins/couchdb-store.js'
import { drain } from './plugins/drain.js'
import { fastReads } from './plugins/fast-reads.js'
import { jsonBodies } from './plugins/json-bodies.js'
import { methodNotAllowed } from './plugins/method-not-allowed.js'
import { metrics } from './plugins/metrics.js'
import { openapi } from './plugins/openapi.js'
import { photoService } from './plugins/photo-service.js'
import { problems } from './plugins/problems.js'
import { providedStore } from './plugins/provided-store.js'
import { healthRoutes } from './routes/health.js'
import { photoRoutes } from './routes/photos.js'
import { serverOptions } from './server-options.js'

export interface AppOptions {
  readonly config: Config
  /** A store to use instead of the configured one. Who provides it closes it. */
  readonly store?: PhotoRepository
  /** The way past Fastify that its server was made with; absent: there is none. */
  readonly fastPath?: FastPath
}

const PREFIX = '/api/photos'

/** The whole service as a plugin. */
export const photosApp = fp(
  async (app: FastifyInstance, { config, store, fastPath = new FastPath() }: AppOptions) => {
    app.setValidatorCompiler(validatorCompiler)
    app.setSerializerCompiler(() => JSON.stringify)
    await app.register(drain)
    await app.register(problems)
    await app.register(jsonBodies)
    await app.register(methodNotAllowed)
    await app.register(openapi)
    if (store !== undefined) await app.register(providedStore, { store })
    else if (config.couchdbUrls.length > 0) await app.register(couchdbStore, config)
    else await app.register(photosLmdb, { path: config.dataDir })
    await app.register(photoService, { maxPhotos: config.maxPhotos })
    await app.register(healthRoutes)
    await app.register(metrics)
    await app.register(photoRoutes, { prefix: PREFIX, fastPath })
    // A request that is logged is Fastify's from the beginning: it has the id and the time that the line tells.
    if (!LEVELS_THAT_LOG_REQUESTS.has(config.logLevel)) {
      await app.register(fastReads, { prefix: PREFIX, fastPath })
    }
    app.answerOtherMethods()
  },
  { name: 'photos-app', fastify: '5.x' },
)

/** An instance of the service that is not listening yet: for `listen`, or for `inject` in a test. */
export async function buildApp(options: Omit<AppOptions, 'fastPath'>): Promise<FastifyInstance> {
  const fastPath = new FastPath()
  const app = Fastify(serverOptions(options.config, fastPath))
  await app.register(photosApp, { ...options, fastPath })
  await app.ready()
  return app
}
