import { medianOf } from '../report/tables.js'
import type { ScenarioResult } from '../run/result.js'
import { ratiosOf } from '../stats/ratios.js'

/** The first control: the one that costs are compared with. */
export const controlOf = ({ scenario }: ScenarioResult): string => scenario.controls[0] ?? ''

/** CPU of the server for a request; undefined where the system does not tell. */
export function cpuMicroseconds(result: ScenarioResult, subject: string): number | undefined {
  const perSecond = medianOf(result, subject, 'requestsPerCpuSecond')
  return perSecond === undefined ? undefined : 1e6 / perSecond
}

/** CPU of a request as a multiple of the control's beside it in time, so that the machine's drift cancels out. */
export function costOf(result: ScenarioResult): number | undefined {
  const spread = ratiosOf(result.slots, result.scenario.target, controlOf(result), 'requestsPerCpuSecond')
  return spread === undefined ? undefined : 1 / spread.median
}
