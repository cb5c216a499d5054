import { formatRatio } from '../report/format.js'
import { ratioOf, type Table } from '../report/tables.js'
import type { Results, ScenarioResult } from '../run/result.js'
import { METRIC_NAMES, METRICS, type MetricName } from '../stats/metrics.js'
import { medianError, type Spread } from '../stats/robust.js'

/**
 * A difference counts when it is more than this many standard errors of the two medians: by chance alone that happens once
 * in about 370 comparisons.
 */
const SIGNIFICANT_ERRORS = 3

/**
 * A smaller relative change never counts, however steady both runs were: between runs a process lays its memory out anew
 * and compiles its code anew, which no repetition within a run averages out.
 */
const LEAST_CHANGE: Readonly<Record<MetricName, number>> = {
  requestsPerSecond: 0.05,
  requestsPerCpuSecond: 0.05,
  heapBytesPerRequest: 0.05,
  meanLatency: 0.05,
  p50Latency: 0.05,
  p99Latency: 0.25,
  p999Latency: 0.5,
}

export interface Comparison {
  readonly scenario: string
  readonly workspaces: number
  readonly control: string
  readonly metric: MetricName
  readonly before: Spread
  readonly after: Spread
  /** after / before - 1 */
  readonly change: number
  /** Relative: a change up to this is noise. */
  readonly noise: number
  readonly verdict: 'better' | 'worse' | 'same'
}

export interface ComparisonReport {
  readonly comparisons: readonly Comparison[]
  /** What could not be compared, or must be known about the comparison. */
  readonly notes: readonly string[]
}

/** What changed from one run to another, beyond the noise. Only ratios are compared: they are the same on any machine. */
export function compareResults(before: Results, after: Results): ComparisonReport {
  const notes: string[] = []
  if (before.machine.cpu !== after.machine.cpu || before.machine.cores !== after.machine.cores) {
    notes.push('the machines differ: ratios compare all the same, less closely')
  }
  const comparisons = before.scenarios.flatMap((old) => {
    const { name, workspaces } = old.scenario
    const same = after.scenarios.find(
      ({ scenario }) => scenario.name === name && scenario.workspaces === workspaces,
    )
    if (same === undefined) {
      notes.push(`${name} over ${workspaces} workspaces is only in the first`)
      return []
    }
    if (loadOf(old) !== loadOf(same)) {
      notes.push(`${name} was run with another load in the second, so it is not compared`)
      return []
    }
    return compareScenario(old, same)
  })
  return { comparisons, notes }
}

/** What of a scenario makes its figures what they are. How often and how long it was measured does not. */
function loadOf({ scenario }: ScenarioResult): string {
  const { target, ids, mix, connections, requestsPerSecond, arrivals } = scenario
  return JSON.stringify({ target, ids, mix, connections, requestsPerSecond, arrivals })
}

function compareScenario(before: ScenarioResult, after: ScenarioResult): Comparison[] {
  const { name, workspaces, controls } = before.scenario
  return controls.flatMap((control) =>
    METRIC_NAMES.flatMap((metric) => {
      const one = ratioOf(before, control, metric)
      const other = ratioOf(after, control, metric)
      if (one === undefined || other === undefined) return []
      return [
        { scenario: name, workspaces, control, metric, ...compareSpreads(metric, one.spread, other.spread) },
      ]
    }),
  )
}

/** Compares the medians of two sets of ratios of one metric. */
export function compareSpreads(
  metric: MetricName,
  before: Spread,
  after: Spread,
): Pick<Comparison, 'before' | 'after' | 'change' | 'noise' | 'verdict'> {
  const change = after.median / before.median - 1
  const error = Math.hypot(medianError(before), medianError(after)) / before.median
  const noise = Math.max(LEAST_CHANGE[metric], SIGNIFICANT_ERRORS * error)
  const improved = METRICS[metric].better === 'higher' ? change > 0 : change < 0
  const verdict = Math.abs(change) <= noise ? 'same' : improved ? 'better' : 'worse'
  return { before, after, change, noise, verdict }
}

export function comparisonTable(comparisons: readonly Comparison[]): Table {
  return {
    head: ['ratio', 'before', 'after', 'change', 'noise', ''],
    rows: comparisons.map(
      ({ scenario, workspaces, control, metric, before, after, change, noise, verdict }) => [
        `${scenario} (${workspaces.toLocaleString('en-GB')}): ${METRICS[metric].title} / ${control}`,
        formatRatio(before.median),
        formatRatio(after.median),
        `${change < 0 ? '−' : '+'}${(Math.abs(change) * 100).toFixed(1)} %`,
        `± ${(noise * 100).toFixed(1)} %`,
        verdict === 'same' ? '' : verdict,
      ],
    ),
  }
}
