import type { FastifyPluginAsync } from 'fastify'
import type {} from 'photos-lmdb'

const tags = ['health']

/**
 * For balancers and orchestrators. Live: the process answers. Ready: requests are better sent here than nowhere. A replica becomes
 * ready when its store answers. Where it has a cache it then stays so while the store is away: what is cached is served for a
 * while, and the rest is a 503 with Retry-After; to take every replica out of service, as they all lose the store at once, would leave
 * clients with neither.
 */
export const healthRoutes: FastifyPluginAsync = async (app) => {
  const hasCache = app.hasDecorator('photoCache')
  let wasReady = false

  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.get('/health/live', { schema: { tags, summary: 'The process answers' } }, async () => ({
    status: 'ok',
  }))

  app.get('/health/ready', { schema: { tags, summary: 'The process can serve requests' } }, async () => {
    try {
      await app.photoStore.ready()
      wasReady = true
      return { status: 'ok', store: 'ok' }
    } catch (error) {
      if (!hasCache || !wasReady) throw error
      return { status: 'ok', store: 'away' }
    }
  })
}
