import type { MetricName } from '../stats/metrics.js'

/** Three significant digits, thousands separated. */
export const formatCount = (value: number): string =>
  value.toLocaleString('en-GB', { maximumSignificantDigits: 3 })

export const formatWhole = (value: number): string => Math.round(value).toLocaleString('en-GB')

/** From microseconds. */
export function formatLatency(microseconds: number): string {
  if (microseconds < 1000) return `${formatCount(microseconds)} µs`
  return microseconds < 1e6 ? `${formatCount(microseconds / 1e3)} ms` : `${formatCount(microseconds / 1e6)} s`
}

/** In decimal units: 1 MB is a million bytes. */
export function formatBytes(bytes: number): string {
  return bytes < 1e9 ? `${formatCount(bytes / 1e6)} MB` : `${formatCount(bytes / 1e9)} GB`
}

export const formatRatio = (ratio: number): string => ratio.toFixed(ratio < 10 ? 2 : 1)

export const formatPercent = (share: number): string => `${Math.round(share * 100)} %`

export function formatMetric(metric: MetricName, value: number): string {
  if (metric === 'heapBytesPerRequest') return `${formatCount(value)} B`
  return metric.endsWith('Latency') ? formatLatency(value) : formatCount(value)
}
