import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type EncodedHistogram, encodeHistogram, mergeHistograms } from '../stats/histogram.js'
import { sum } from '../stats/robust.js'
import type { FromThread, ThreadLoad, ThreadReport, ToThread } from './messages.js'

/** The load of one slot, before it is divided among the threads. */
export type Load = Omit<ThreadLoad, 'seed'> & { readonly seed: readonly number[] }

/** What all threads saw together in one slot; `utilization` is that of the busiest. */
export type LoadReport = Omit<ThreadReport, 'lateness'> & {
  readonly lateness?: EncodedHistogram | undefined
}

/** Load before the measuring begins, so that every connection is open and in step. */
const RAMP_MS = 300

/** Called at instants of a slot: all connections are open and in step; the measuring begins, and ends. */
export interface SlotHooks {
  readonly onOpen?: (() => void) | undefined
  readonly onBegin?: (() => void) | undefined
  readonly onEnd?: (() => void) | undefined
}

/** The load generator: worker threads, each with an autocannon of its own. */
export class Generator {
  readonly #threads: readonly Worker[]
  readonly #failed: Promise<never>

  constructor(threads: number) {
    const file = new URL('./thread.js', import.meta.url)
    this.#threads = Array.from({ length: threads }, () => new Worker(file))
    this.#failed = Promise.race(
      this.#threads.map(async (thread): Promise<never> => {
        const [error] = await once(thread, 'error')
        throw error
      }),
    )
    // Told by whoever waits for a slot; between slots nobody does.
    this.#failed.catch(() => undefined)
  }

  get threads(): number {
    return this.#threads.length
  }

  /**
   * Puts a server under load, measures it for so long and says what was seen.
   * @param settleMs load between the opening of the connections and the measuring
   */
  async run(
    load: Load,
    measureMs: number,
    { onOpen, onBegin, onEnd }: SlotHooks = {},
    settleMs = 0,
  ): Promise<LoadReport> {
    // A thread without a connection would have nothing to do.
    const threads = this.#threads.slice(0, load.connections)
    const loading = this.#answers(threads, 'loading')
    threads.forEach((thread, place) => {
      tell(thread, { type: 'load', load: shareOf(load, place, threads.length) })
    })
    await this.#unlessFailed(loading)
    await this.#unlessFailed(delay(RAMP_MS))
    onOpen?.()
    await this.#unlessFailed(delay(settleMs))
    for (const thread of threads) tell(thread, { type: 'measure' })
    onBegin?.()
    await this.#unlessFailed(delay(measureMs))
    onEnd?.()
    const reports = this.#answers(threads, 'report')
    for (const thread of threads) tell(thread, { type: 'end' })
    const messages = await this.#unlessFailed(reports)
    return together(messages.map(({ report }) => report))
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
  }

  #answers<T extends FromThread['type']>(
    threads: readonly Worker[],
    _type: T,
  ): Promise<Extract<FromThread, { type: T }>[]> {
    return Promise.all(
      threads.map(async (thread) => {
        const [message] = await once(thread, 'message')
        return message as Extract<FromThread, { type: T }>
      }),
    )
  }

  #unlessFailed<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#failed])
  }
}

const tell = (thread: Worker, message: ToThread): void => thread.postMessage(message)

/** Connections, rate and prepared requests are divided evenly; each thread draws its own random numbers. */
function shareOf(load: Load, place: number, threads: number): ThreadLoad {
  const { connections, arrivals } = load
  return {
    ...load,
    connections: Math.floor(connections / threads) + (place < connections % threads ? 1 : 0),
    arrivals: arrivals && { ...arrivals, requestsPerSecond: arrivals.requestsPerSecond / threads },
    prepare: Math.ceil(load.prepare / threads),
    seed: [...load.seed, place],
  }
}

/** Counts are added, histograms merged. */
export function together(reports: readonly ThreadReport[]): LoadReport {
  const total = (of: (report: ThreadReport) => number): number => sum(reports.map(of))
  const latenesses = reports.flatMap(({ lateness }) => (lateness === undefined ? [] : [lateness]))
  return {
    seconds: Math.max(...reports.map(({ seconds }) => seconds)),
    requests: total(({ requests }) => requests),
    statuses: addUp(reports.map(({ statuses }) => statuses)),
    latencies: encodeHistogram(mergeHistograms(reports.map(({ latencies }) => latencies))),
    throughput: addBins(reports.map(({ throughput }) => throughput)),
    errors: total(({ errors }) => errors),
    timeouts: total(({ timeouts }) => timeouts),
    checked: total(({ checked }) => checked),
    wrong: total(({ wrong }) => wrong),
    wrongAnswers: reports.flatMap(({ wrongAnswers }) => wrongAnswers),
    utilization: Math.max(...reports.map(({ utilization }) => utilization)),
    ...(latenesses.length === 0
      ? {}
      : {
          lateness: encodeHistogram(mergeHistograms(latenesses)),
          unsent: total(({ unsent = 0 }) => unsent),
        }),
  }
}

function addUp(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const added: Record<string, number> = {}
  for (const [name, count] of counts.flatMap((one) => Object.entries(one))) {
    added[name] = (added[name] ?? 0) + count
  }
  return added
}

function addBins(bins: readonly (readonly number[])[]): number[] {
  const length = Math.max(...bins.map((one) => one.length))
  return Array.from({ length }, (_, place) => sum(bins.map((one) => one[place] ?? 0)))
}
