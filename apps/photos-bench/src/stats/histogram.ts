import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js'

/**
 * Latencies in whole microseconds, to three significant digits, as an HDR histogram (http://hdrhistogram.org). In results it
 * travels as that project's compressed V2 encoding in base64, which its tools in other languages read too.
 */
export type EncodedHistogram = string

const HIGHEST_MICROSECONDS = 3600e6

export function newHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    autoResize: true,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_MICROSECONDS,
    numberOfSignificantValueDigits: 3,
  })
}

export const encodeHistogram = (histogram: Histogram): EncodedHistogram =>
  encodeIntoCompressedBase64(histogram)

export const decodeHistogram = (encoded: EncodedHistogram): Histogram => decodeFromCompressedBase64(encoded)

/** One histogram of all values of several: percentiles cannot be averaged, counts can be added. */
export function mergeHistograms(encoded: readonly EncodedHistogram[]): Histogram {
  const merged = newHistogram()
  for (const one of encoded) merged.add(decodeHistogram(one))
  return merged
}

/** What a histogram of latencies says, all in microseconds. */
export interface LatencySummary {
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export function summarize(histogram: Histogram): LatencySummary {
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile)
  return {
    mean: histogram.totalCount === 0 ? 0 : histogram.mean,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    max: at(100),
  }
}
