import { type EncodedHistogram, encodeHistogram, newHistogram } from '../stats/histogram.js'

/** Answers are counted per so many milliseconds, for the plot of throughput over time. */
export const THROUGHPUT_BIN_MS = 250

/** What was seen between the start and the end of measuring. */
export interface Recording {
  readonly seconds: number
  readonly requests: number
  /** How many answers had each status code. */
  readonly statuses: Readonly<Record<string, number>>
  /** Latencies in microseconds. */
  readonly latencies: EncodedHistogram
  /** Answers in each {@link THROUGHPUT_BIN_MS} since the start; the last one may be cut short. */
  readonly throughput: readonly number[]
}

/** Counts answers and their latencies while it measures; what comes before is warm-up, what comes after is too late. */
export class Recorder {
  readonly #latencies = newHistogram()
  readonly #statuses: Record<string, number> = {}
  readonly #throughput: number[] = []
  #startedAtMs: number | undefined
  #requests = 0

  start(): void {
    this.#startedAtMs = performance.now()
  }

  record(status: number, latencyMs: number): void {
    if (this.#startedAtMs === undefined) return
    this.#requests++
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1
    this.#recordLatency(latencyMs)
    const bin = Math.floor((performance.now() - this.#startedAtMs) / THROUGHPUT_BIN_MS)
    this.#throughput[bin] = (this.#throughput[bin] ?? 0) + 1
  }

  /** Counts how long a request has waited that has no answer yet: it takes at least that. */
  recordUnanswered(waitedMs: number): void {
    if (this.#startedAtMs !== undefined) this.#recordLatency(waitedMs)
  }

  end(): Recording {
    const seconds = (performance.now() - (this.#startedAtMs ?? performance.now())) / 1000
    this.#startedAtMs = undefined
    return {
      seconds,
      requests: this.#requests,
      statuses: this.#statuses,
      latencies: encodeHistogram(this.#latencies),
      throughput: Array.from(this.#throughput, (count) => count ?? 0),
    }
  }

  #recordLatency(latencyMs: number): void {
    this.#latencies.recordValue(Math.max(1, Math.round(latencyMs * 1000)))
  }
}
