import type { Random } from '../ids/random.js'
import type { DrivenClient } from './autocannon-client.js'

export interface ArrivalSettings {
  readonly requestsPerSecond: number
  /** Evenly spaced, or at random as independent clients come (exponential gaps). */
  readonly arrivals: 'constant' | 'poisson'
}

/** When one request was due and when it was sent, in milliseconds of `performance.now()`. */
interface Sent {
  readonly dueMs: number
  readonly sentMs: number
}

/**
 * Sends requests when they are due, whatever the server does, and tells how long each took from when it was due.
 *
 * A client that waits for an answer before it asks again asks less while the server is stuck, and so leaves out the very
 * requests that would have been slow: coordinated omission. Here an arrival that finds all connections busy waits, and its
 * wait counts. (autocannon's own rate option sends each second's requests in one burst at its start, and corrects
 * afterwards with an interval of 1 ms at every rate, which is not what it was asked for.)
 */
export class Pacer {
  readonly #gapMs: () => number
  readonly #onLateness: (latenessMs: number) => void
  /** How to send with each client that is free, the one that has been so for longest first. */
  readonly #idle = new Map<DrivenClient, (dueMs: number) => void>()
  readonly #overdueMs: number[] = []
  readonly #inFlight = new Map<DrivenClient, Sent>()
  #nextDueMs = 0
  #timer: NodeJS.Timeout | undefined

  /** @param onLateness told how late the generator itself was with a request for which a connection was free */
  constructor(
    { requestsPerSecond, arrivals }: ArrivalSettings,
    random: Random,
    onLateness: (latenessMs: number) => void,
  ) {
    const meanGapMs = 1000 / requestsPerSecond
    this.#gapMs =
      arrivals === 'constant' ? () => meanGapMs : () => -Math.log(1 - random.fraction()) * meanGapMs
    this.#onLateness = onLateness
  }

  /** Decides from now on when a client sends. */
  take(client: DrivenClient): void {
    const doRequest = client._doRequest.bind(client)
    const send = (dueMs: number): void => {
      this.#inFlight.set(client, { dueMs, sentMs: performance.now() })
      doRequest()
    }
    client._doRequest = () => {
      this.#inFlight.delete(client)
      const dueMs = this.#overdueMs.shift()
      if (dueMs === undefined) this.#idle.set(client, send)
      else send(dueMs)
    }
  }

  start(): void {
    this.#nextDueMs = performance.now() + this.#gapMs()
    this.#schedule()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** The latency of the answer that a client has just got, from when its request was due. */
  latencyMs(client: DrivenClient, durationMs: number): number {
    const sent = this.#inFlight.get(client)
    return sent === undefined ? durationMs : durationMs + sent.sentMs - sent.dueMs
  }

  /** How long each request that is due and not sent yet has waited, in milliseconds. */
  unsentMs(): number[] {
    const nowMs = performance.now()
    return this.#overdueMs.map((dueMs) => nowMs - dueMs)
  }

  /** How long each request that was sent and not answered yet has taken since it was due, in milliseconds. */
  inFlightMs(): number[] {
    const nowMs = performance.now()
    return Array.from(this.#inFlight.values(), ({ dueMs }) => nowMs - dueMs)
  }

  /** A timer is good to a millisecond: requests that fall due within one leave together, and their lateness is reported. */
  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#sendWhatIsDue()
      this.#schedule()
    }, this.#nextDueMs - performance.now())
  }

  #sendWhatIsDue(): void {
    const nowMs = performance.now()
    for (; this.#nextDueMs <= nowMs; this.#nextDueMs += this.#gapMs()) {
      const [free] = this.#idle
      if (free === undefined) {
        this.#overdueMs.push(this.#nextDueMs)
        continue
      }
      const [client, send] = free
      this.#idle.delete(client)
      this.#onLateness(nowMs - this.#nextDueMs)
      send(this.#nextDueMs)
    }
  }
}
