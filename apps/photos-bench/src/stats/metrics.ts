import type { Slot } from '../run/result.js'

/** One figure of a slot. A ratio of it is target / control. */
export interface Metric {
  readonly title: string
  readonly better: 'higher' | 'lower'
  /** undefined where it could not be measured. */
  of(slot: Slot): number | undefined
}

const latency = (title: string, of: (slot: Slot) => number): Metric => ({ title, better: 'lower', of })

/**
 * Requests per CPU-second is what requests/s becomes once the server's core is full. It does not depend on whether the
 * generator could keep that core full, which on a machine of two cores it cannot always.
 */
export const METRICS = {
  requestsPerSecond: {
    title: 'requests/s',
    better: 'higher',
    of: ({ requests, seconds }) => requests / seconds,
  },
  requestsPerCpuSecond: {
    title: 'requests/CPU-s',
    better: 'higher',
    of: ({ requests, cpu }) =>
      cpu === undefined || cpu.busySeconds === 0 ? undefined : requests / cpu.busySeconds,
  },
  heapBytesPerRequest: {
    title: 'heap a request',
    better: 'lower',
    of: ({ requests, heapBytes }) => (heapBytes === undefined ? undefined : heapBytes / requests),
  },
  meanLatency: latency('mean', ({ latency }) => latency.mean),
  p50Latency: latency('p50', ({ latency }) => latency.p50),
  p99Latency: latency('p99', ({ latency }) => latency.p99),
  p999Latency: latency('p99.9', ({ latency }) => latency.p999),
} as const satisfies Readonly<Record<string, Metric>>

export type MetricName = keyof typeof METRICS
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[]
