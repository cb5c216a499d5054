import type { FastifyInstance, HTTPMethods } from 'fastify'
import fp from 'fastify-plugin'
import { problemOf } from '../http/problem.js'
import { sendProblem } from './problems.js'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const satisfies HTTPMethods[]

/**
 * Answers every other method of a URL that has routes: OPTIONS with 204, the rest with 405, both naming what is allowed
 * (RFC 9110, sections 15.5.6 and 9.3.7). Registered before the routes that it watches.
 */
export const methodNotAllowed = fp(
  async (app: FastifyInstance) => {
    const methodsOf = new Map<string, Set<string>>()
    app.addHook('onRoute', ({ url, method, config }) => {
      if (config?.answersOtherMethods === true) return
      const methods = methodsOf.get(url) ?? new Set()
      methodsOf.set(url, methods)
      for (const name of [method].flat()) methods.add(name)
    })
    app.decorate('answerOtherMethods', (): void => {
      for (const [url, methods] of methodsOf) {
        const allow = [...methods].sort().join(', ')
        app.route({
          url,
          method: METHODS.filter((name) => !methods.has(name)),
          schema: { hide: true },
          config: { answersOtherMethods: true },
          handler: async (request, reply) => {
            reply.header('allow', allow)
            if (request.method === 'OPTIONS') return reply.code(204).send()
            const detail = `${request.method} is not one of the methods of this URL: ${allow}`
            return sendProblem(request, reply, problemOf(405, 'METHOD_NOT_ALLOWED', detail))
          },
        })
      }
    })
  },
  { name: 'method-not-allowed', dependencies: ['problems'], fastify: '5.x' },
)

declare module 'fastify' {
  interface FastifyInstance {
    /** Called once, after the last route. */
    answerOtherMethods(): void
  }
  interface FastifyContextConfig {
    answersOtherMethods?: boolean
  }
}
