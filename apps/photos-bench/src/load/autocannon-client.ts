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

/** @throws Error where this autocannon's client is not built as we know it */
export function drivenClient(client: Client): DrivenClient {
  const candidate = client as unknown as Partial<DrivenClient>
  if (typeof candidate._doRequest !== 'function' || candidate.requestIterator === undefined) {
    throw new Error('the client of this version of autocannon is not the one that photos-bench can drive')
  }
  return candidate as DrivenClient
}
