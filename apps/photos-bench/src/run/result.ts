import type { WrongAnswer } from '../load/answer-checker.js'
import type { Environment } from '../machine/machine.js'
import type { CpuUsage, MemoryUsage } from '../machine/process-usage.js'
import type { Scenario } from '../scenario/schema.js'
import type { EncodedHistogram, LatencySummary } from '../stats/histogram.js'
import type { MetricName } from '../stats/metrics.js'
import type { Spread } from '../stats/robust.js'

/** Grows when what a results file means changes. */
export const RESULTS_FORMAT = 1

/** A results file. Times are ISO 8601, durations and sizes bear their unit in their names. */
export interface Results extends Environment {
  readonly format: typeof RESULTS_FORMAT
  readonly startedAt: string
  readonly settings: RunSettings
  readonly scenarios: readonly ScenarioResult[]
}

export interface RunSettings {
  /** Threads of the load generator. */
  readonly threads: number
  /** What all random numbers were drawn from. */
  readonly seed: number
  /** The body of one answer in so many was checked. */
  readonly sampleOneIn: number
  /** How much CPU was added to each request of the target, as a share of what it takes; only to prove a gate. */
  readonly slowDown?: number | undefined
}

export interface ScenarioResult {
  readonly scenario: Scenario
  readonly subjects: readonly SubjectResult[]
  /** In the order in which they ran. */
  readonly slots: readonly Slot[]
  /** Of the target to each control. */
  readonly ratios: readonly Ratio[]
  readonly verification: Verification
  /** What a reader must know before believing the figures. */
  readonly warnings: readonly string[]
}

export interface SubjectResult {
  readonly name: string
  readonly role: 'target' | 'control'
  /** The most it held at the end of any slot; absent where the system does not tell. */
  readonly memory?: MemoryUsage | undefined
  /** Of all its slots together. */
  readonly latency: LatencySummary
  readonly latencies: EncodedHistogram
}

/** One subject under load for a while. */
export interface Slot {
  readonly subject: string
  readonly startedAt: string
  readonly seconds: number
  readonly requests: number
  readonly statuses: Readonly<Record<string, number>>
  /** What the server used of the CPUs; absent where the system does not tell. */
  readonly cpu?: CpuUsage | undefined
  /** How many bytes the server put on V8's heap; absent where it is not one process of Node. */
  readonly heapBytes?: number | undefined
  /** The share of the time in which the busiest thread of the generator had something to do, 0 to 1. */
  readonly generatorUtilization: number
  /** Microseconds. */
  readonly latency: LatencySummary
  /** Answers in each `THROUGHPUT_BIN_MS`. */
  readonly throughput: readonly number[]
  /** At an arrival rate: how late the generator itself was with a request, p99 in microseconds. */
  readonly p99Lateness?: number | undefined
  /** At an arrival rate: how many requests were due and not sent by the end. */
  readonly unsent?: number | undefined
}

export interface Ratio {
  readonly control: string
  readonly metric: MetricName
  readonly spread: Spread
}

export interface Verification {
  /** How many bodies were compared with what must be there. */
  readonly checked: number
  /** How many answers had a wrong status or body. */
  readonly wrong: number
  /** How many connections failed or got no answer in time. */
  readonly errors: number
  /** The same by subject, of those that had any; absent in files of earlier versions. */
  readonly errorsBySubject?: Readonly<Record<string, number>> | undefined
  /** Some of what was wrong. */
  readonly wrongAnswers: readonly (WrongAnswer & { readonly subject: string })[]
}

/** Whether figures mean anything: every answer was there and right, and bodies were looked at. */
export const isValid = ({ verification, slots }: Pick<ScenarioResult, 'verification' | 'slots'>): boolean =>
  verification.wrong === 0 &&
  verification.errors === 0 &&
  verification.checked > 0 &&
  slots.every(({ requests }) => requests > 0)
