import { THROUGHPUT_BIN_MS } from '../load/recorder.js'
import type { Results, ScenarioResult } from '../run/result.js'
import { decodeHistogram } from '../stats/histogram.js'
import type { MetricName } from '../stats/metrics.js'
import { type Chart, type Point, toSvg } from './chart.js'
import { formatCount, formatLatency } from './format.js'
import { medianOf } from './tables.js'
import { linearTicks, logTicks } from './ticks.js'

/** A plot as a file: its name without an ending, and SVG text. */
export interface Plot {
  readonly name: string
  readonly svg: string
}

/** The plots of each scenario, and of every scenario that ran over several sizes. */
export function plotsOf(results: Results): Plot[] {
  return [
    ...results.scenarios.flatMap((result) => [
      { name: `${idOf(result)}-latency`, svg: toSvg(latencyChart(result)) },
      { name: `${idOf(result)}-throughput`, svg: toSvg(throughputChart(result)) },
    ]),
    ...scalingGroups(results.scenarios).map((group) => ({
      name: `${group[0].scenario.name}-scaling`,
      svg: toSvg(scalingChart(group)),
    })),
  ]
}

/** Names a scenario of some size. */
export const idOf = ({ scenario: { name, workspaces } }: ScenarioResult): string => `${name}-${workspaces}`

/** The latency of every percentile; the scale of the percentiles opens towards 100, where the interesting ones are. */
export function latencyChart({ scenario, subjects }: ScenarioResult): Chart {
  const series = subjects.map(({ name, latencies }) => {
    const histogram = decodeHistogram(latencies)
    const run = PERCENTILES.filter((percentile) => (1 - percentile / 100) * histogram.totalCount >= 1).map(
      (percentile): Point => [nines(percentile), Math.max(1, histogram.getValueAtPercentile(percentile))],
    )
    return { name, runs: [run] }
  })
  const values = series.flatMap(({ runs }) => runs.flat().map(([, value]) => value))
  return {
    title: `${scenario.name}: latency by percentile`,
    x: {
      label: 'percentile of the requests',
      kind: 'log',
      ticks: [0, 50, 90, 99, 99.9, 99.99].map(nines),
      format: (value) => `${Math.round((100 - 100 / value) * 100) / 100} %`,
    },
    y: {
      label: 'latency',
      kind: 'log',
      ticks: logTicks(Math.min(...values), Math.max(...values)),
      format: formatLatency,
    },
    series,
  }
}

/** 1 / (1 - share): 90 % is at 10, 99 % at 100. */
const nines = (percentile: number): number => 1 / (1 - percentile / 100)

/** Evenly apart on that scale, up to 99.999 %. */
const PERCENTILES = Array.from({ length: 101 }, (_, step) => 100 - 100 / 10 ** (step / 20))

/** Requests per second all through the run: the slots in turns, and whether each was steady. */
export function throughputChart({ scenario, subjects, slots }: ScenarioResult): Chart {
  const startMs = Math.min(...slots.map(({ startedAt }) => Date.parse(startedAt)))
  const series = subjects.map(({ name }) => ({
    name,
    runs: slots
      .filter(({ subject }) => subject === name)
      .map(({ startedAt, throughput }) => {
        const sinceStart = (Date.parse(startedAt) - startMs) / 1000
        // The last bin is cut short.
        return throughput
          .slice(0, Math.max(1, throughput.length - 1))
          .map(
            (count, bin): Point => [
              sinceStart + ((bin + 0.5) * THROUGHPUT_BIN_MS) / 1000,
              (count * 1000) / THROUGHPUT_BIN_MS,
            ],
          )
      }),
  }))
  const points = series.flatMap(({ runs }) => runs.flat())
  return {
    title: `${scenario.name}: throughput over time`,
    x: {
      label: 'seconds since the first slot',
      kind: 'linear',
      ticks: linearTicks(Math.max(...points.map(([x]) => x)), 8),
      format: formatCount,
    },
    y: {
      label: 'requests/s',
      kind: 'linear',
      ticks: linearTicks(Math.max(...points.map(([, y]) => y))),
      format: formatCount,
    },
    series,
  }
}

/** Results of one scenario over several sizes. */
export type Group = readonly [ScenarioResult, ...ScenarioResult[]]

/** The results of each scenario that ran over more than one number of workspaces, smallest first. */
export function scalingGroups(results: readonly ScenarioResult[]): Group[] {
  const groups = new Map<string, ScenarioResult[]>()
  for (const result of results) {
    groups.set(result.scenario.name, [...(groups.get(result.scenario.name) ?? []), result])
  }
  return [...groups.values()].flatMap((group): Group[] => {
    const [first, ...rest] = group.toSorted((a, b) => a.scenario.workspaces - b.scenario.workspaces)
    return first === undefined || rest.length === 0 ? [] : [[first, ...rest]]
  })
}

/** How the cost of a request grows with the number of workspaces. */
export function scalingChart(group: Group): Chart {
  const [{ scenario, subjects }] = group
  const measured = group.every(
    (result) => medianOf(result, scenario.target, 'requestsPerCpuSecond') !== undefined,
  )
  const metric: MetricName = measured ? 'requestsPerCpuSecond' : 'requestsPerSecond'
  const series = subjects.map(({ name }) => ({
    name,
    dots: true,
    runs: [
      group.map(
        (result): Point => [result.scenario.workspaces, 1e6 / (medianOf(result, name, metric) ?? Number.NaN)],
      ),
    ],
  }))
  const sizes = group.map((result) => result.scenario.workspaces)
  const costs = series.flatMap(({ runs }) => runs.flat().map(([, cost]) => cost))
  return {
    title: `${scenario.name}: cost of a request by number of workspaces`,
    x: {
      label: 'workspaces stored',
      kind: 'log',
      ticks: logTicks(Math.min(...sizes), Math.max(...sizes)),
      format: (value) => value.toLocaleString('en-GB'),
    },
    y: {
      label: measured ? 'server CPU per request, µs' : 'time per request, µs',
      kind: 'linear',
      ticks: linearTicks(Math.max(...costs)),
      format: formatCount,
    },
    series,
  }
}
