/*
 * A benchmark's disturbances are one-sided and rare: another process takes the core for a moment, and one value of ten is far
 * off. A mean moves with such a value and a standard deviation more so; the median and the median absolute deviation (MAD)
 * ignore it until half of all values are bad (P. J. Rousseeuw, C. Croux, "Alternatives to the Median Absolute
 * Deviation", JASA 88, 1993).
 */

/** The middle value; of an even number, the mean of the two in the middle. @throws RangeError for no values */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  if (upper === undefined || lower === undefined) throw new RangeError('there is no median of no values')
  return (lower + upper) / 2
}

/** How a set of values lies. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  /** The median distance from the median. */
  readonly mad: number
  readonly values: readonly number[]
}

/** @throws RangeError for no values */
export function spreadOf(values: readonly number[]): Spread {
  const middle = median(values)
  return {
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    mad: median(values.map((value) => Math.abs(value - middle))),
    values,
  }
}

/** The MAD of normally distributed values times this is their standard deviation. */
const MAD_TO_DEVIATION = 1.4826
/** The standard error of a median of n normally distributed values is this times their deviation, over √n. */
const MEDIAN_ERROR = Math.sqrt(Math.PI / 2)

/** The standard error of the median, estimated from the MAD. */
export const medianError = ({ mad, values }: Pick<Spread, 'mad' | 'values'>): number =>
  (MEDIAN_ERROR * MAD_TO_DEVIATION * mad) / Math.sqrt(values.length)

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
export const mean = (values: readonly number[]): number => sum(values) / values.length
