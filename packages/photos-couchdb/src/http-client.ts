import type { IncomingHttpHeaders } from 'node:http'
import { type Dispatcher, Pool } from 'undici'
import { AnswerStream, type Reception } from './answer-stream.js'
import { RequestFailure } from './failure.js'

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  /** The path and the query, percent-encoded. */
  readonly path: string
  /** JSON. */
  readonly body?: Uint8Array | undefined
  /** How long the whole answer may take, from now. */
  readonly timeoutMs: number
  /** The largest answer that is taken, in bytes. Absent: any. */
  readonly maxBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly body: Buffer
  readonly retryAfter: string | undefined
}

export interface HttpClientOptions {
  /** The value of the Authorization header. */
  readonly authorization?: string | undefined
  readonly connectTimeoutMs: number
}

/**
 * HTTP to one node over keep-alive connections, by undici's dispatch: the cheapest way there is to send a request and to
 * collect its answer. Every failure is a {@link RequestFailure}.
 */
export class HttpClient {
  readonly #pool: Pool
  readonly #headers: Readonly<Record<string, string>>

  constructor(origin: string, { authorization, connectTimeoutMs }: HttpClientOptions) {
    // Time is bounded here, for the whole of an answer; undici bounds only the pauses within it, and not to the millisecond.
    this.#pool = new Pool(origin, {
      connect: { timeout: connectTimeoutMs },
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 1,
    })
    this.#headers = {
      accept: 'application/json',
      'content-type': 'application/json',
      ...(authorization === undefined ? {} : { authorization }),
    }
  }

  /** Sends a request and collects the answer, whatever its status. */
  request(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let status = 0
      let retryAfter: string | undefined
      let size = 0
      const exchange = this.#send(request, {
        onStart: (code, headers) => {
          status = code
          retryAfter = headers['retry-after']
        },
        onData: (chunk) => {
          size += chunk.length
          if (size > (request.maxBytes ?? Number.POSITIVE_INFINITY)) {
            exchange.fail(
              new RequestFailure('oversized', `the answer is larger than ${request.maxBytes} bytes`),
            )
          }
          chunks.push(chunk)
        },
        onEnd: () => {
          const [only] = chunks
          resolve({
            status,
            retryAfter,
            body: only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, size),
          })
        },
        onFailure: reject,
      })
      exchange.failAfter(request.timeoutMs)
    })
  }

  /**
   * Sends a request whose answer does not end by itself. The stream breaks with a `timeout` when nothing arrives for
   * `idleMs` while somebody waits for it, and ends when the signal aborts.
   */
  stream({ path, idleMs, signal }: StreamRequest): AnswerStream {
    const stream = new AnswerStream(idleMs)
    const exchange = this.#send({ method: 'GET', path, signal }, stream)
    stream.exchange = exchange
    exchange.failAfter(idleMs)
    return stream
  }

  /** Drops every connection. Requests under way fail. */
  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  #send(request: Pick<HttpRequest, 'method' | 'path' | 'body' | 'signal'>, reception: Reception): Exchange {
    const { method, path, body, signal } = request
    const exchange = new Exchange(reception, signal)
    if (!exchange.isOver) {
      this.#pool.dispatch({ method, path, headers: this.#headers, body: body ?? null }, exchange)
    }
    return exchange
  }
}

export interface StreamRequest {
  readonly path: string
  readonly idleMs: number
  readonly signal?: AbortSignal | undefined
}

/** One request and its answer: it ends or fails once, whichever comes first, and lets go of timer, signal and connection. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #reception: Reception
  readonly #signal: AbortSignal | undefined
  #controller: Dispatcher.DispatchController | undefined
  #timer: NodeJS.Timeout | undefined
  isOver = false

  constructor(reception: Reception, signal: AbortSignal | undefined) {
    this.#reception = reception
    this.#signal = signal
    if (signal?.aborted === true) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  readonly #onAbort = (): void => {
    this.fail(new RequestFailure('aborted', 'the request was aborted', { cause: this.#signal?.reason }))
  }

  /** Sets or puts off the time after which the exchange fails. */
  failAfter(timeoutMs: number | undefined): void {
    clearTimeout(this.#timer)
    if (timeoutMs === undefined || this.isOver) return
    this.#timer = setTimeout(() => {
      this.fail(
        this.#controller === undefined
          ? new RequestFailure('unreachable', `no connection within ${timeoutMs} ms`)
          : new RequestFailure('timeout', `no answer within ${timeoutMs} ms`),
      )
    }, timeoutMs)
  }

  fail(failure: RequestFailure): void {
    if (!this.#finish()) return
    this.#reception.onFailure(failure)
    this.#controller?.abort(failure)
  }

  /** Called when the request is about to be written to a connection, and not before. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.isOver)
      controller.abort(new RequestFailure('aborted', 'the request was given up before it was sent'))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // Informational answers (1xx) come before the real one.
    if (!this.isOver && status >= 200) this.#reception.onStart(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.isOver) this.#reception.onData(chunk, controller)
  }

  onResponseEnd(): void {
    if (this.#finish()) this.#reception.onEnd()
  }

  onResponseError(_: Dispatcher.DispatchController, cause: Error): void {
    const kind = this.#controller === undefined ? 'unreachable' : 'broken'
    this.fail(new RequestFailure(kind, describe(cause), { cause }))
  }

  #finish(): boolean {
    if (this.isOver) return false
    this.isOver = true
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onAbort)
    return true
  }
}

/** Some of undici's and Node's errors have a code and no message. */
const describe = (error: Error): string => {
  const code: unknown = Reflect.get(error, 'code')
  return [error.message, code].filter((part) => typeof part === 'string' && part !== '').join(', ')
}
