import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** Bodies are JSON or nothing. A DELETE has none that means anything, so clients that declare one are not refused for it. */
export const jsonBodies = fp(
  async (app: FastifyInstance) => {
    const parseJson = app.getDefaultJsonParser('error', 'error')
    app.removeAllContentTypeParsers()
    app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
      if (request.method === 'DELETE') done(null, undefined)
      else parseJson(request, body, done)
    })
  },
  { name: 'json-bodies', fastify: '5.x' },
)
