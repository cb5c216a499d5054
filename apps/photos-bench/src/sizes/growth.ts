import type { ScenarioResult } from '../run/result.js'
import { costOf } from './cost.js'

/** How much more a request may cost over the largest number of workspaces than over a tenth of it. */
export const LIMIT_SHARE = 0.15

/** How the cost of a request grows from one size to another. */
export interface Growth {
  readonly from: number
  readonly to: number
  /** 0.1: a tenth more. */
  readonly share: number
}

/**
 * From the second largest size to the largest; the costs are multiples of the control's, so that the machine's drift cancels
 * out. undefined for one size alone, or where CPU was not measured.
 * @param group of one scenario, smallest first
 */
export function growthOf(group: readonly ScenarioResult[]): Growth | undefined {
  const [before, last] = group.slice(-2)
  if (before === undefined || last === undefined) return undefined
  const [lower, upper] = [costOf(before), costOf(last)]
  if (lower === undefined || upper === undefined) return undefined
  return {
    from: before.scenario.workspaces,
    to: last.scenario.workspaces,
    share: upper / lower - 1,
  }
}
