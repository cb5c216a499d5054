import type { Client } from 'autocannon'
import type { BenchRequest } from './operations.js'

/**
 * What autocannon 9's client reads its requests from (lib/requestIterator.js). Its own iterator goes round a fixed list, which
 * a client copies whole; over a million ids neither will do. `setupClient` hands out the client before it connects, so
 * an iterator of ours can take its place.
 */
export interface RequestIterator {
  readonly currentRequest: BenchRequest
  /** True only where a request could not be built. */
  readonly resetted: boolean
  nextRequest(): BenchRequest
  recordBody(request: BenchRequest, status: number, body: string, rawHeaders: readonly string[]): void
}

/** autocannon's client (lib/httpClient.js) as far as we use it. */
export interface DrivenClient {
  requestIterator: RequestIterator
  /** Sends the next request. The client calls it once it is connected and after each answer. */
  _doRequest(): void
  on(event: 'response', listener: (status: number, bytes: number, durationMs: number) => void): unknown
}

/** The whole client, whose connections may break. */
export interface ConnectingClient extends DrivenClient {
  /** Opens a connection, the first and each one after another that broke, and sends a request. */
  _connect(): void
  /** The requests that have no answer yet, in their order. */
  readonly pipelinedRequests: { size(): number; clear(): void }
  readonly parser: { readonly type: string; reinitialize(type: string): void }
  on(event: 'response', listener: (status: number, bytes: number, durationMs: number) => void): unknown
  on(event: 'connError', listener: (error: Error) => void): unknown
}

/** @throws Error where this autocannon's client is not built as we know it */
export function drivenClient(client: Client): ConnectingClient {
  const candidate = client as unknown as Partial<ConnectingClient>
  const isKnown =
    typeof candidate._doRequest === 'function' &&
    typeof candidate._connect === 'function' &&
    typeof candidate.pipelinedRequests?.clear === 'function' &&
    typeof candidate.parser?.reinitialize === 'function' &&
    candidate.requestIterator !== undefined
  if (!isKnown) {
    throw new Error('the client of this version of autocannon is not the one that photos-bench can drive')
  }
  return candidate as ConnectingClient
}

/**
 * Lets every connection of a client begin with no request waiting and no answer half read. autocannon 9 leaves both as they were when the
 * connection before it broke, and from then on takes each answer for that of the request before.
 * @param onLost told of each connection that the server ended while a request waited for its answer; of those that failed, autocannon
 *   itself tells
 */
export function startConnectionsAfresh(client: ConnectingClient, onLost: () => void): void {
  const connect = client._connect.bind(client)
  let hasFailed = false
  client.on('connError', () => {
    hasFailed = true
  })
  client._connect = () => {
    if (!hasFailed && client.pipelinedRequests.size() > 0) onLost()
    hasFailed = false
    client.pipelinedRequests.clear()
    client.parser.reinitialize(client.parser.type)
    connect()
  }
}
