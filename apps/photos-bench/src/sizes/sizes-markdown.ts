import { formatBytes, formatCount, formatPercent, formatRatio, formatWhole } from '../report/format.js'
import { markdownTable } from '../report/markdown.js'
import { scalingGroups } from '../report/plots.js'
import { medianOf, type Table } from '../report/tables.js'
import type { ScenarioResult } from '../run/result.js'
import { ratiosOf } from '../stats/ratios.js'
import { median } from '../stats/robust.js'
import { controlOf, costOf, cpuMicroseconds } from './cost.js'
import { growthOf, LIMIT_SHARE } from './growth.js'
import type { MeasuredSeed } from './measured-seed.js'

/** The tables of the sizes, to be printed and to be put into a document. */
export function sizesMarkdown(results: readonly ScenarioResult[], seeds: readonly MeasuredSeed[]): string {
  return [
    ...(seeds.length === 0 ? [] : ['### Seeding', '', markdownTable(seedTable(seeds)), '']),
    '### Reading',
    '',
    markdownTable(readTable(results)),
    '',
    ...growthLines(results),
    '',
  ].join('\n')
}

function seedTable(seeds: readonly MeasuredSeed[]): Table {
  return {
    head: [
      'workspaces',
      'time',
      'workspaces/s',
      'CPU each',
      'data file',
      'bytes each',
      'own memory at ¼, ½, ¾, MB',
      'most',
      'interrupted by',
    ],
    rows: seeds.map((seed) => {
      const { workspaces, seconds, cpuSeconds, bytes, anonymousBytes, mostAnonymousBytes } = seed
      return [
        formatWhole(workspaces),
        `${formatCount(seconds)} s`,
        formatCount(workspaces / seconds),
        `${formatCount((cpuSeconds / workspaces) * 1e6)} µs`,
        formatBytes(bytes),
        formatWhole(bytes / workspaces),
        anonymousBytes.map((held) => formatWhole(held / 1e6)).join(', '),
        formatBytes(mostAnonymousBytes),
        seed.interruptions.join(', ') || '–',
      ]
    }),
  }
}

function readTable(results: readonly ScenarioResult[]): Table {
  return {
    head: [
      'scenario',
      'workspaces',
      'requests/s',
      'ratio',
      'CPU a request',
      'of the control',
      'times the control',
      'than a tenth',
      'p99',
      'pages read from disk',
    ],
    rows: results.map((result) => {
      const { scenario, slots } = result
      const own = slots.filter(({ subject }) => subject === scenario.target)
      const faults = median(own.map(({ cpu, requests }) => (cpu?.majorFaults ?? 0) / requests))
      return [
        scenario.name,
        formatWhole(scenario.workspaces),
        formatCount(medianOf(result, scenario.target, 'requestsPerSecond') ?? Number.NaN),
        ratioText(result, 'requestsPerSecond'),
        cpuText(cpuMicroseconds(result, scenario.target)),
        cpuText(cpuMicroseconds(result, controlOf(result))),
        costText(result),
        growthText(result),
        `${formatCount((medianOf(result, scenario.target, 'p99Latency') ?? Number.NaN) / 1000)} ms`,
        faults < 0.0005 ? 'none' : `${formatRatio(faults)} a request`,
      ]
    }),
  }
}

function ratioText(result: ScenarioResult, metric: 'requestsPerSecond'): string {
  const ratio = ratiosOf(result.slots, result.scenario.target, controlOf(result), metric)
  return ratio === undefined ? '–' : formatRatio(ratio.median)
}

const cpuText = (microseconds: number | undefined): string =>
  microseconds === undefined ? '–' : `${formatCount(microseconds)} µs`

function costText(result: ScenarioResult): string {
  const cost = costOf(result)
  return cost === undefined ? '–' : formatRatio(cost)
}

function growthText(result: ScenarioResult): string {
  const growth = growthOf(result)
  return growth === undefined ? '–' : `${growth < 0 ? '−' : '+'}${formatPercent(Math.abs(growth))}`
}

/** A line for each scenario on how its cost grows over the last step of size. */
function growthLines(results: readonly ScenarioResult[]): string[] {
  return scalingGroups(results).flatMap((group) => {
    const last = group.at(-1)
    const growth = last && growthOf(last)
    if (last === undefined || growth === undefined) return []
    const { name, workspaces } = last.scenario
    const verdict = growth <= LIMIT_SHARE ? 'within' : 'not within'
    return [
      `- ${name}: a request over ${formatWhole(workspaces)} workspaces costs ${formatPercent(Math.abs(growth))} ` +
        `${growth < 0 ? 'less' : 'more'} than over a tenth of them, ${verdict} ${formatPercent(LIMIT_SHARE)}.`,
    ]
  })
}
