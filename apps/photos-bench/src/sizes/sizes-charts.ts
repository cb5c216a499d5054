import type { Chart, Point } from '../report/chart.js'
import { formatCount } from '../report/format.js'
import type { Group } from '../report/plots.js'
import { linearTicks, logTicks } from '../report/ticks.js'
import { mean } from '../stats/robust.js'
import { controlOf, costOf, cpuMicroseconds } from './cost.js'

/** CPU of a request by size, a line for each scenario and one for the control. */
export function cpuChart(groups: readonly Group[]): Chart {
  const controls = groups.flatMap((group) =>
    group.map(
      (result): Point => [
        result.scenario.workspaces,
        cpuMicroseconds(result, controlOf(result)) ?? Number.NaN,
      ],
    ),
  )
  const [first] = groups[0] ?? []
  return sizesChart('CPU of the server for a request, by workspaces stored', 'CPU a request, µs', [
    ...groups.map((group) => ({
      name: group[0].scenario.name,
      points: group.map(
        (result): Point => [
          result.scenario.workspaces,
          cpuMicroseconds(result, result.scenario.target) ?? Number.NaN,
        ],
      ),
    })),
    { name: first === undefined ? '' : controlOf(first), points: meanByX(controls) },
  ])
}

/** The same as a multiple of the control, which leaves the drift of the machine out. */
export function ratioChart(groups: readonly Group[]): Chart {
  return sizesChart(
    'CPU of a request as a multiple of the control’s, by workspaces stored',
    'times the CPU of the control',
    groups.map((group) => ({
      name: group[0].scenario.name,
      points: group.map((result): Point => [result.scenario.workspaces, costOf(result) ?? Number.NaN]),
    })),
  )
}

function sizesChart(
  title: string,
  yLabel: string,
  lines: readonly { readonly name: string; readonly points: readonly Point[] }[],
): Chart {
  const points = lines.flatMap((line) => line.points)
  const sizes = points.map(([x]) => x)
  return {
    title,
    x: {
      label: 'workspaces stored',
      kind: 'log',
      ticks: logTicks(Math.min(...sizes), Math.max(...sizes)),
      format: (value) => value.toLocaleString('en-GB'),
    },
    y: {
      label: yLabel,
      kind: 'linear',
      ticks: linearTicks(Math.max(...points.map(([, y]) => y))),
      format: formatCount,
    },
    series: lines.map((line) => ({ name: line.name, dots: true, runs: [line.points] })),
  }
}

/** One point for each x: the mean of its ys, in the order of the xs. */
function meanByX(points: readonly Point[]): Point[] {
  const xs = [...new Set(points.map(([x]) => x))].sort((a, b) => a - b)
  return xs.map((x): Point => {
    const ys = points.filter(([other]) => other === x).map(([, y]) => y)
    return [x, mean(ys)]
  })
}
