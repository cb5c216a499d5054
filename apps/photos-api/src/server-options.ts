import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyServerOptions } from 'fastify'
import { pino } from 'pino'
import type { Config } from './config.js'
import type { FastPath } from './http/fast-path.js'
import { LazyLogger } from './http/lazy-logger.js'
import { answerTo, PROBLEM_CONTENT_TYPE, problemOf } from './http/problem.js'
import { LEVELS_THAT_LOG_REQUESTS, RequestLog } from './http/request-log.js'
import { sendProblem } from './plugins/problems.js'

/** How Fastify is set up, in one place for the server and for tests. */
export function serverOptions(config: Config, fastPath: FastPath): FastifyServerOptions {
  const { requestTimeoutMs: requestTimeout, keepAliveTimeoutMs: keepAliveTimeout } = config
  return {
    serverFactory: (fastify) =>
      createServer({ requestTimeout, keepAliveTimeout }, fastPath.inFrontOf(fastify)),
    loggerInstance: new LazyLogger(pino({ level: config.logLevel })),
    logController: new RequestLog(LEVELS_THAT_LOG_REQUESTS.has(config.logLevel)),
    genReqId: requestIdOf,
    trustProxy: config.trustProxy.length > 0 ? [...config.trustProxy] : false,
    bodyLimit: config.bodyLimitBytes,
    requestTimeout,
    keepAliveTimeout,
    // A proxy that reuses a connection while we drain gets its answer, and is told to close by a header; not a 503.
    return503OnClosing: false,
    // Longer than any valid id, so that a wrong one is answered by its schema.
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (error, request, reply) => {
      sendProblem(request, reply as FastifyReply, answerTo(error).problem)
    },
    clientErrorHandler: answerBrokenRequest,
  }
}

/** An id that a proxy gave is kept if it is one: it ends up in logs and answers. */
const REQUEST_ID = /^[\w.:-]{1,128}$/
// Unique over processes at the cost of a counter: hot requests must not pay for randomness.
const processId = randomUUID().slice(0, 8)
let requests = 0

function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given)
    ? given
    : `${processId}-${(++requests).toString(36)}`
}

const STATUS_OF_BROKEN_REQUEST: Record<string, [status: number, code: string, detail: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'REQUEST_TIMEOUT', 'the request took too long to arrive'],
  HPE_HEADER_OVERFLOW: [431, 'HEADERS_TOO_LARGE', 'the headers of the request are too large'],
}

/** Answers what is not HTTP, too slow or too large before there is a request to answer. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const [status, code, detail] = STATUS_OF_BROKEN_REQUEST[error.code ?? ''] ?? [
    400,
    'BAD_REQUEST',
    'this is not an HTTP request',
  ]
  const problem = problemOf(status, code, detail)
  const body = JSON.stringify(problem)
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${status} ${problem.title}\r\nContent-Type: ${PROBLEM_CONTENT_TYPE}\r\nCache-Control: no-store\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    )
  }
  socket.destroy(error)
}
