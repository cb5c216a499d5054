import type { WrongAnswer } from '../load/answer-checker.js'
import type { Environment } from '../machine/machine.js'
import type { EncodedHistogram, LatencySummary } from '../stats/histogram.js'
import type { StoreName } from './deployment.js'
import type { LoadKind, ScaleSettings, Setup } from './settings.js'

/** Grows when what a results file means changes. */
export const SCALE_FORMAT = 'scale-1'

/** The results of `bench scale` as a file. */
export interface ScaleResults extends Environment {
  readonly format: typeof SCALE_FORMAT
  readonly startedAt: string
  readonly settings: ScaleSettings
  readonly store: StoreName
  readonly cgroupVersion: number
  readonly rows: readonly ScaleRow[]
  readonly slots: readonly ScaleSlot[]
  readonly findings: readonly Finding[]
  readonly verification: ScaleVerification
  readonly warnings: readonly string[]
}

/** One setup under one load for a while. */
export interface ScaleSlot {
  readonly setup: string
  readonly load: LoadKind
  readonly startedAt: string
  readonly seconds: number
  readonly requests: number
  readonly statuses: Readonly<Record<string, number>>
  /** Connections that failed or got no answer in time. */
  readonly errors: number
  readonly checked: number
  readonly wrong: number
  readonly wrongAnswers: readonly WrongAnswer[]
  /** Microseconds; at an arrival rate from when a request was due. */
  readonly latencies: EncodedHistogram
  /** What the replicas used of their quotas, 0 to 1 and a little above, as the kernel counts in whole slices. */
  readonly quotaUsed: number
  /** What a request cost the replicas, in microseconds of CPU. */
  readonly cpuPerRequest: number
  /** What of the machine's CPUs had nothing to do, 0 to 1. */
  readonly machineIdle: number
  /** The share of the time in which the busiest thread of the generator had something to do, 0 to 1. */
  readonly generatorUtilization: number
  /** At an arrival rate: how late the generator itself was with a request, p99 in microseconds. */
  readonly p99Lateness?: number | undefined
  /** At an arrival rate: how many requests were due and not sent by the end. */
  readonly unsent?: number | undefined
}

/** What kept a setup from answering more. */
export type Limit = 'replicas' | 'machine' | 'other'

/** One setup under one load in all rounds: medians of the rounds, and the latency of all requests. */
export interface ScaleRow {
  readonly setup: Setup
  readonly load: LoadKind
  /** Answered. */
  readonly requestsPerSecond: number
  /** At an arrival rate: which share of what was due was sent by the end. */
  readonly sentShare?: number | undefined
  /** Microseconds. */
  readonly latency: LatencySummary
  readonly quotaUsed: number
  /** Of the replicas, in microseconds. */
  readonly cpuPerRequest: number
  readonly machineIdle: number
  readonly generatorUtilization: number
  /** At saturation. */
  readonly limit?: Limit | undefined
  /** At saturation: requests/s against one replica of the same round; the median of the rounds. */
  readonly speedup?: number | undefined
}

/** Whether an aim is reached. */
export interface Finding {
  readonly aim: string
  readonly measured: string
  readonly reached: boolean
}

export interface ScaleVerification {
  /** How many bodies were compared with what must be there. */
  readonly checked: number
  /** How many answers had a wrong status or body. */
  readonly wrong: number
  readonly errors: number
  readonly wrongAnswers: readonly WrongAnswer[]
}
