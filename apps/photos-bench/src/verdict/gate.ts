import { formatBytes, formatRatio } from '../report/format.js'
import { ratioOf, type Table } from '../report/tables.js'
import { isValid, type Results, type ScenarioResult } from '../run/result.js'
import { bestRatioOf } from '../stats/ratios.js'
import type { Floor } from './floors.js'

export interface GateCheck {
  readonly floor: Floor
  /** undefined where it was not measured, which fails too: what is not measured is not guarded. */
  readonly value: number | undefined
  readonly passed: boolean
}

/** Holds results against floors. A ratio is judged by its median, or by the best slots where the floor says so. */
export function checkGate(results: Results, floors: readonly Floor[]): GateCheck[] {
  return floors.flatMap((floor) => {
    const matching = results.scenarios.filter(({ scenario }) => scenario.name === floor.scenario)
    const values =
      matching.length === 0 ? [undefined] : matching.map((result) => measuredValue(result, floor))
    return values.map((value) => ({ floor, value, passed: value !== undefined && holds(floor, value) }))
  })
}

function measuredValue(result: ScenarioResult, { metric, control, slots }: Floor): number | undefined {
  if (!isValid(result)) return undefined
  if (metric === 'anonymousBytes') {
    return result.subjects.find(({ role }) => role === 'target')?.memory?.anonymousBytes
  }
  if (control === undefined) return undefined
  if (slots === 'best') return bestRatioOf(result.slots, result.scenario.target, control, metric)
  return ratioOf(result, control, metric)?.spread.median
}

const holds = ({ atLeast, atMost }: Floor, value: number): boolean =>
  (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)

export function gateTable(checks: readonly GateCheck[]): Table {
  return {
    head: ['floor', 'measured', 'must be', ''],
    rows: checks.map(({ floor, value, passed }) => {
      const { scenario, metric, control, slots, atLeast, atMost } = floor
      const format = metric === 'anonymousBytes' ? formatBytes : formatRatio
      return [
        `${scenario}: ${metric}${control === undefined ? '' : ` / ${control}`}${slots === 'best' ? ', best slots' : ''}`,
        value === undefined ? 'nothing' : format(value),
        atLeast === undefined ? `≤ ${format(atMost ?? 0)}` : `≥ ${format(atLeast)}`,
        passed ? 'ok' : 'FAILED',
      ]
    }),
  }
}
