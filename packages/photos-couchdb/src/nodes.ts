import { setTimeout as delay } from 'node:timers/promises'
import type { Address } from './addresses.js'
import { isTransient, RequestFailure } from './failure.js'
import { fnv1a } from './fnv.js'
import { Node, type NodeOptions } from './node.js'

export interface NodesOptions extends NodeOptions {
  /** With no node that serves, how long requests wait for one before all fail at once. */
  readonly graceMs: number
  /** The longest waits between attempts: the first, doubling, and the longest. */
  readonly backoffMs: { readonly first: number; readonly longest: number }
}

export interface Attempts {
  /** How much work it is, in documents. Default 1. */
  readonly work?: number
  /** Which node it goes to, as `homeOf` tells; where that does not serve, to the next. Default: the one with least to do. */
  readonly home?: number
  /** Whether a failure leads to another attempt. Default: every transient one. */
  readonly mayRetry?: (failure: RequestFailure) => boolean
  /** No further attempt once it aborts. */
  readonly signal?: AbortSignal | undefined
}

/** How one node is doing. */
export interface NodeMetrics {
  /** `http://couch-1:5984` */
  readonly origin: string
  readonly isUp: boolean
  /** Documents asked for and not answered yet. */
  readonly inFlight: number
}

/**
 * The nodes of a cluster. Work goes to the node that has least of it in flight, or to its home. A node that fails is left, and
 * taken back once a probe finds that it serves.
 */
export class Nodes {
  /** How many attempts were made again. */
  retries = 0
  readonly #nodes: readonly Node[]
  /** In an order that all processes agree on, however they list them. */
  readonly #homes: readonly Node[]
  readonly #options: NodesOptions
  readonly #waitingForAny = new Set<() => void>()
  /** Since when no node serves, on the clock of `performance.now()`. */
  #downSince: number | undefined
  #turn = 0
  #isClosed = false

  constructor(addresses: readonly Address[], options: NodesOptions) {
    this.#options = options
    this.#nodes = addresses.map((address) => new Node(address, options, () => this.#onChange()))
    this.#homes = this.#nodes.toSorted((a, b) => (a.address.origin < b.address.origin ? -1 : 1))
    if (this.#nodes.length > 1) for (const node of this.#nodes) node.watch()
  }

  get metrics(): readonly NodeMetrics[] {
    return this.#nodes.map(({ address, isUp, work }) => ({ origin: address.origin, isUp, inFlight: work }))
  }

  /** How many homes there are. */
  get homes(): number {
    return this.#homes.length
  }

  /** Which of the homes, from 0 on, a key has; the same in every process that names the same nodes. */
  homeOf(key: string): number {
    return this.homes === 1 ? 0 : fnv1a(key) % this.homes
  }

  /**
   * Runs an operation on a node, and again on others while it fails in a way that may be tried again: at once on each node
   * that was not tried yet, then after a wait of random length.
   * @throws RequestFailure the last attempt's
   */
  async run<T>(operation: (node: Node) => Promise<T>, attempts: Attempts = {}): Promise<T> {
    const { work = 1, home, mayRetry = isTransient, signal } = attempts
    const tried = new Set<Node>()
    for (let attempt = 1; ; attempt++) {
      const node = this.#next(tried, home) ?? (await this.#another(attempt, tried, attempts))
      tried.add(node)
      node.work += work
      try {
        return await operation(node)
      } catch (error) {
        if (!(error instanceof RequestFailure)) throw error
        node.suspect(error)
        const isLast = attempt >= this.#nodes.length + 2
        if (isLast || signal?.aborted === true || !mayRetry(error)) throw error
        this.retries++
      } finally {
        node.work -= work
      }
    }
  }

  /** Drops every connection. What is under way fails. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#wakeAll()
    await Promise.all(this.#nodes.map((node) => node.close()))
  }

  /** The node that serves, was not tried, and is the home or the next after it; without a home, the idlest. */
  #next(tried: ReadonlySet<Node>, home: number | undefined): Node | undefined {
    if (home === undefined) return this.#idlest(tried)
    const nodes = [...this.#homes.slice(home), ...this.#homes.slice(0, home)]
    return nodes.find((node) => node.isUp && !tried.has(node))
  }

  /** The node that serves, was not tried, and has least to do; among equals each in its turn. */
  #idlest(tried: ReadonlySet<Node>): Node | undefined {
    let idlest: Node | undefined
    const first = this.#turn++ % this.#nodes.length
    for (let i = 0; i < this.#nodes.length; i++) {
      const node = this.#nodes[(first + i) % this.#nodes.length]
      if (node === undefined || !node.isUp || tried.has(node)) continue
      if (idlest === undefined || node.work < idlest.work) idlest = node
    }
    return idlest
  }

  /** A node when all that serve were tried: after a wait they are tried again. */
  async #another(attempt: number, tried: Set<Node>, { home, signal }: Attempts): Promise<Node> {
    tried.clear()
    if (attempt > 1) {
      const { first, longest } = this.#options.backoffMs
      await pause(Math.random() * Math.min(longest, first * 2 ** (attempt - 2)), signal)
    }
    for (;;) {
      const node = this.#next(tried, home)
      if (node !== undefined) return node
      if (this.#isClosed) throw noneServes()
      await this.#untilOneServes(signal)
    }
  }

  async #untilOneServes(signal: AbortSignal | undefined): Promise<void> {
    const downForMs = performance.now() - (this.#downSince ?? performance.now())
    const patienceMs = this.#options.graceMs - downForMs
    if (patienceMs <= 0) throw noneServes()
    const woken = new AbortController()
    const wake = () => woken.abort()
    this.#waitingForAny.add(wake)
    try {
      await pause(patienceMs, signal === undefined ? woken.signal : AbortSignal.any([signal, woken.signal]))
    } catch (error) {
      if (!woken.signal.aborted) throw error
    } finally {
      this.#waitingForAny.delete(wake)
    }
  }

  #onChange(): void {
    if (this.#nodes.some(({ isUp }) => isUp)) {
      this.#downSince = undefined
      this.#wakeAll()
    } else {
      this.#downSince ??= performance.now()
    }
  }

  #wakeAll(): void {
    for (const wake of this.#waitingForAny) wake()
  }
}

const noneServes = (): RequestFailure => new RequestFailure('unreachable', 'no CouchDB node serves')

/** Waits; rejects as soon as the signal aborts. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, { signal })
  } catch (cause) {
    throw new RequestFailure('aborted', 'the request was aborted', { cause })
  }
}
