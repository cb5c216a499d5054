import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { answerTo, PROBLEM_CONTENT_TYPE, type Problem, problemOf } from '../http/problem.js'

/** Every error, whatever threw it, leaves as problem+json; stack traces go to the log and nowhere else. */
export const problems = fp(
  async (app: FastifyInstance) => {
    app.setErrorHandler((error, request, reply) => {
      const { problem, retryAfterSeconds } = answerTo(error)
      if (problem.status >= 500) request.log.error({ err: error }, problem.code)
      if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds)
      return sendProblem(request, reply, problem)
    })
    app.setNotFoundHandler((request, reply) =>
      sendProblem(
        request,
        reply,
        problemOf(404, 'ROUTE_NOT_FOUND', `there is nothing at ${request.method} ${request.url}`),
      ),
    )
  },
  { name: 'problems', fastify: '5.x' },
)

export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_CONTENT_TYPE)
    .send(JSON.stringify({ ...problem, requestId: request.id }))
}
