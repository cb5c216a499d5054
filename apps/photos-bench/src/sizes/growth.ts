import type { ScenarioResult } from '../run/result.js'
import { ratiosOf } from '../stats/ratios.js'

/** How much more a request may cost over the largest number of workspaces than over a tenth of it. */
export const LIMIT_SHARE = 0.15

/** The control that has a tenth of the workspaces. */
export const TENTH = 'embedded-tenth'

/**
 * How much more CPU a request costs than over a tenth of the workspaces, which was measured in turns with it, so that the
 * machine's drift cancels out; 0.1: a tenth more. undefined where there was no such control, or CPU was not measured.
 */
export function growthOf({ scenario, slots }: ScenarioResult): number | undefined {
  if (!scenario.controls.includes(TENTH)) return undefined
  const ratio = ratiosOf(slots, scenario.target, TENTH, 'requestsPerCpuSecond')
  return ratio === undefined ? undefined : 1 / ratio.median - 1
}
