import nano from 'nano'
import { Agent, DecoratorHandler, type Dispatcher } from 'undici'
import type { Address } from './addresses.js'
import { failureOf, notCouchdb, RequestFailure } from './failure.js'

export interface NanoRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** The path below the server's root, percent-encoded, without a query. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean>>
  /** JSON. */
  readonly body?: unknown
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * nano, made safe: each call is bounded in time, settles whatever the other side does, and fails with a
 * {@link RequestFailure} and never with a value that is not what was stored. nano by itself
 * - has no time limit,
 * - resolves to an empty text where the JSON of an answer is cut short,
 * - never settles, and ends the process with an unhandled rejection, where an answer of another type is cut short, and
 * - rejects without status, code or cause where there was no answer.
 */
export class NanoClient {
  readonly #server: nano.ServerScope
  readonly #agent: Agent

  constructor({ origin, root, authorization }: Pick<Address, 'origin' | 'root' | 'authorization'>) {
    this.#agent = new Agent({ connect: { timeout: 5000 } })
    // nano's types want the class of an agent where nano wants an agent, and do not know `parseUrl`.
    const configuration: object = {
      url: `${origin}${root}`,
      parseUrl: false,
      headers: authorization === undefined ? {} : { Authorization: authorization },
      agentOptions: this.#agent.compose(asJson),
    }
    this.#server = nano(configuration as nano.Configuration)
  }

  /** The parsed answer to a request that succeeded. */
  async call({ method = 'GET', path, query, body, timeoutMs, signal }: NanoRequest): Promise<unknown> {
    const timeout = AbortSignal.timeout(timeoutMs)
    const signals = signal === undefined ? timeout : AbortSignal.any([timeout, signal])
    // nano changes the query that it is given.
    const request = { method, path, qs: { ...query }, body, signal: signals }
    let answer: unknown
    try {
      answer = await settled(this.#server.request(request), signals)
    } catch (error) {
      if (signal?.aborted === true)
        throw new RequestFailure('aborted', 'the request was aborted', { cause: error })
      if (timeout.aborted)
        throw new RequestFailure('timeout', `no answer within ${timeoutMs} ms`, { cause: error })
      throw toFailure(error)
    }
    // A cut-off answer; also when the time limit was what cut it off.
    if (typeof answer !== 'object' || answer === null) throw notCouchdb('its JSON is cut short')
    return answer
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

/** Settles as the work does, or rejects once the signal aborts. */
function settled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function toFailure(error: unknown): RequestFailure {
  const status: unknown = error instanceof Error ? Reflect.get(error, 'statusCode') : undefined
  // nano gives an error that it has a status for the fields of the answer.
  if (typeof status === 'number') return failureOf(status, error, undefined)
  // It does not tell whether the request was sent.
  return new RequestFailure('broken', error instanceof Error ? error.message : String(error), {
    cause: error,
  })
}

/**
 * Tells nano that every answer is JSON, which is what CouchDB answers to all that is asked of it here. Then nano reads the
 * body where it minds failures; it reads any other type where nothing catches them.
 */
const asJson: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const decorated: Dispatcher.DispatchHandler = new DecoratorHandler(handler)
  const start = decorated.onResponseStart?.bind(decorated)
  decorated.onResponseStart = (controller, status, headers, message) => {
    start?.(controller, status, { ...headers, 'content-type': 'application/json' }, message)
  }
  return dispatch(options, decorated)
}
