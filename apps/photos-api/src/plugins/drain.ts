import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * Lets `close` end with the last answer. A connection that is answering when `close` begins would else be kept for a
 * next request, and `close` would wait for as long as that may come.
 */
export const drain = fp(
  async (app: FastifyInstance) => {
    app.addHook('preClose', async () => {
      app.server.keepAliveTimeout = 1
    })
  },
  { name: 'drain', fastify: '5.x' },
)
