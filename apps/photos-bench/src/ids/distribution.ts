import type { IdSettings } from '../scenario/schema.js'
import type { Random } from './random.js'
import { Zipf } from './zipf.js'

/** Draws the index of a workspace, from 0 to one less than there are. */
export type DrawIndex = () => number

/**
 * How a scenario's requests spread over the workspaces:
 * - `uniform`: every workspace is as likely as any other; no cache smaller than the data helps;
 * - `zipf`: the k-th most wanted workspace is asked for in proportion to k^-exponent, as real traffic is;
 * - `hot`: `hot` workspaces get all requests, evenly.
 * Which workspaces are wanted most is spread over all indexes, so that neighbours in the store are not neighbours in demand.
 */
export function drawIndexes(ids: IdSettings, workspaces: number, random: Random): DrawIndex {
  const place = spread(workspaces)
  switch (ids.kind) {
    case 'uniform':
      return () => random.below(workspaces)
    case 'hot': {
      const hot = Math.min(ids.hot ?? workspaces, workspaces)
      return () => place(random.below(hot))
    }
    case 'zipf': {
      const zipf = new Zipf(workspaces, ids.exponent ?? 1)
      return () => place(zipf.next(random) - 1)
    }
  }
}

/** The golden ratio's share of a range is the step that leaves its places most evenly apart. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * A permutation of 0 to n - 1 that takes neighbours far apart: multiplication by a number without a common divisor with n.
 * The product stays a safe integer for every n up to 2³⁰.
 */
export function spread(n: number): (rank: number) => number {
  let step = Math.max(1, Math.floor(Math.min(n, 2 ** 53 / n) * GOLDEN))
  while (greatestCommonDivisor(step, n) !== 1) step--
  return (rank) => (rank * step) % n
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
