import type { Scenario } from '../scenario/schema.js'
import type { EncodedHistogram } from '../stats/histogram.js'
import type { Answers, WrongAnswer } from './answer-checker.js'
import type { ArrivalSettings } from './pacer.js'
import type { Recording } from './recorder.js'

/** What one thread of the generator does in one slot. */
export interface ThreadLoad {
  /** `http://127.0.0.1:3000` */
  readonly origin: string
  readonly answers: Answers
  readonly scenario: Pick<Scenario, 'workspaces' | 'ids' | 'mix'>
  readonly connections: number
  /** Absent: each connection asks as soon as it is answered. */
  readonly arrivals?: ArrivalSettings | undefined
  /** The random numbers of this slot and thread. */
  readonly seed: readonly number[]
  /** How many requests are made before the slot begins. */
  readonly prepare: number
  /** The body of one answer in so many is checked. */
  readonly sampleOneIn: number
}

/** What one thread saw. */
export interface ThreadReport extends Recording {
  readonly errors: number
  readonly timeouts: number
  /** How many bodies were checked. */
  readonly checked: number
  /** How many answers were wrong, with the first few of them. */
  readonly wrong: number
  readonly wrongAnswers: readonly WrongAnswer[]
  /** The share of the time in which the thread had something to do, 0 to 1. */
  readonly utilization: number
  /** How late the thread itself sent what was due, in microseconds; only at an arrival rate. */
  readonly lateness?: EncodedHistogram | undefined
  /** How many requests were due and could not be sent by the end; only at an arrival rate. */
  readonly unsent?: number | undefined
}

/** To a thread. The order is load, measure, end. */
export type ToThread =
  | { readonly type: 'load'; readonly load: ThreadLoad }
  | { readonly type: 'measure' }
  | { readonly type: 'end' }

/** From a thread. */
export type FromThread =
  | { readonly type: 'loading' }
  | { readonly type: 'report'; readonly report: ThreadReport }
