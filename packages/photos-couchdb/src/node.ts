import type { Address } from './addresses.js'
import type { AnswerStream } from './answer-stream.js'
import { failureOf, isNodeFault, notCouchdb, type RequestFailure } from './failure.js'
import { type HttpAnswer, HttpClient } from './http-client.js'
import { NanoClient, type NanoRequest } from './nano-client.js'
import { parseAnswer } from './parse-answer.js'

export interface NodeOptions {
  readonly connectTimeoutMs: number
  /** How long a node may take to answer `/_up`. */
  readonly upTimeoutMs: number
  /** How often a node that serves is asked whether it still does; never for the only one. */
  readonly upIntervalMs: number
  /** How soon a node that failed is asked whether it serves again: at once, then after up to twice as long each time. */
  readonly probeDelayMs: { readonly first: number; readonly longest: number }
}

export interface DatabaseRequest {
  /** Below the database, percent-encoded, with the query: `_bulk_get`, `some-id?conflicts=true`. */
  readonly path: string
  readonly body?: Uint8Array | undefined
  readonly timeoutMs: number
  readonly maxBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface DatabaseAnswer {
  readonly status: number
  /** The parsed JSON. */
  readonly body: unknown
}

/** One CouchDB node: how to ask it, how much it has to do, and whether it serves. */
export class Node {
  readonly address: Address
  /** How much it has been given to do and has not answered yet, in documents. */
  work = 0
  readonly #options: NodeOptions
  readonly #client: HttpClient
  readonly #nano: NanoClient
  readonly #onChange: () => void
  #isUp = true
  #failedProbes = 0
  #probe: NodeJS.Timeout | undefined
  #probing = false
  #isClosed = false

  /** `onChange` is called when the node begins or ceases to serve. */
  constructor(address: Address, options: NodeOptions, onChange: () => void) {
    this.address = address
    this.#options = options
    this.#onChange = onChange
    const { authorization } = address
    this.#client = new HttpClient(address.origin, {
      authorization,
      connectTimeoutMs: options.connectTimeoutMs,
    })
    this.#nano = new NanoClient(address)
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Begins to ask the node now and then whether it serves. */
  watch(): void {
    this.#probeIn(this.#options.upIntervalMs * (0.5 + Math.random()))
  }

  /** Learns from the failure of a request: a node that is at fault is left until a probe takes it back. */
  suspect(failure: RequestFailure): void {
    if (this.#isClosed) return
    if (isNodeFault(failure)) this.#turn(false)
    // What an overloaded node or one in maintenance says of itself is found out too.
    if (isNodeFault(failure) || failure.kind === 'failed') this.#probeIn(0)
  }

  /** Asks the database. A request with a body is a POST. @throws RequestFailure for every status from 300 on */
  async ask({ path, body, ...limits }: DatabaseRequest): Promise<DatabaseAnswer> {
    const { root, database } = this.address
    const answer = await this.#client.request({
      method: body === undefined ? 'GET' : 'POST',
      path: `${root}/${database}/${path}`,
      body,
      ...limits,
    })
    return { status: answer.status, body: parsed(answer) }
  }

  /** As {@link ask}, for an answer without an end. The failure of its status is the reader's to find. */
  open(path: string, idleMs: number, signal: AbortSignal): AnswerStream {
    const { root, database } = this.address
    return this.#client.stream({ path: `${root}/${database}/${path}`, idleMs, signal })
  }

  /** Asks the database through nano; an empty path is the database itself. */
  async askNano({ path, ...request }: NanoRequest): Promise<unknown> {
    const { database } = this.address
    return this.#nano.call({ ...request, path: path === '' ? database : `${database}/${path}` })
  }

  /** Asks the server through nano; an empty path is its root. */
  async askServer(request: NanoRequest): Promise<unknown> {
    return this.#nano.call(request)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#probe)
    await Promise.all([this.#client.close(), this.#nano.close()])
  }

  /** https://docs.couchdb.org/en/stable/api/server/common.html#up: 404 in maintenance and while seeding. */
  async #askUp(): Promise<void> {
    this.#probing = true
    let serves = false
    try {
      const { upTimeoutMs: timeoutMs } = this.#options
      const { status } = await this.#client.request({
        method: 'GET',
        path: `${this.address.root}/_up`,
        timeoutMs,
      })
      serves = status === 200
    } catch {
      // It does not serve: that is the answer.
    }
    this.#probing = false
    if (this.#isClosed) return
    this.#failedProbes = serves ? 0 : this.#failedProbes + 1
    this.#turn(serves)
    this.#probeIn(serves ? this.#options.upIntervalMs * (0.5 + Math.random()) : this.#probeDelay())
  }

  #probeDelay(): number {
    const { first, longest } = this.#options.probeDelayMs
    return Math.min(longest, first * 2 ** (this.#failedProbes - 1)) * (0.5 + Math.random() / 2)
  }

  #probeIn(delayMs: number): void {
    if (this.#probing || !Number.isFinite(delayMs)) return
    clearTimeout(this.#probe)
    this.#probe = setTimeout(() => void this.#askUp(), delayMs).unref()
  }

  #turn(isUp: boolean): void {
    if (this.#isUp === isUp) return
    this.#isUp = isUp
    this.#onChange()
  }
}

function parsed({ status, body, retryAfter }: HttpAnswer): unknown {
  let value: unknown
  try {
    value = parseAnswer(body)
  } catch (error) {
    if (status < 300) throw notCouchdb('it is not JSON, or cut short', error)
  }
  // A failed _bulk_docs may still tell the outcome of each document: https://docs.couchdb.org/en/stable/api/database/bulk-api.html
  if (status >= 300 && !Array.isArray(value)) throw failureOf(status, value, retryAfter)
  return value
}
