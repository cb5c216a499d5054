import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'

/** The values of LOG_LEVEL with which every request is a line in the log. */
export const LEVELS_THAT_LOG_REQUESTS: ReadonlySet<string> = new Set(['info', 'debug', 'trace'])

/** One line a request, when it is done; the request's id is on every line that is logged on its behalf. */
export class RequestLog extends LogController {
  readonly #logsEveryRequest: boolean

  /** @param logsEveryRequest false: only those that failed, and the others cost nothing */
  constructor(logsEveryRequest: boolean) {
    super()
    this.#logsEveryRequest = logsEveryRequest
  }

  override incomingRequest(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    if (!error && !this.#logsEveryRequest) return
    const line = {
      method: request.method,
      url: request.url,
      statusCode: reply.statusCode,
      responseTimeMs: Math.round(reply.elapsedTime * 1000) / 1000,
    }
    if (error) request.log.error({ ...line, err: error }, 'request')
    else request.log.info(line, 'request')
  }
}
