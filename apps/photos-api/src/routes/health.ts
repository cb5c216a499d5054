import type { FastifyPluginAsync } from 'fastify'
import type {} from 'photos-lmdb'

const tags = ['health']

/** For balancers and orchestrators. Live: the process answers. Ready: it can serve, as its store answers too. */
export const healthRoutes: FastifyPluginAsync = async (app) => {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.get('/health/live', { schema: { tags, summary: 'The process answers' } }, async () => ({
    status: 'ok',
  }))

  app.get('/health/ready', { schema: { tags, summary: 'The process can serve requests' } }, async () => {
    await app.photoStore.ready()
    return { status: 'ok' }
  })
}
