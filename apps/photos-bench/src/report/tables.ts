import type { Ratio, Results, RunSettings, ScenarioResult, Slot } from '../run/result.js'
import { METRIC_NAMES, METRICS, type MetricName } from '../stats/metrics.js'
import { median } from '../stats/robust.js'
import { formatBytes, formatMetric, formatPercent, formatRatio, formatWhole } from './format.js'

/** A table before it is Markdown or HTML: the first column is text, the others are figures. */
export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The figures of a scenario: medians over the slots, and the ratios with their spread. */
export function scenarioTable(result: ScenarioResult): Table {
  const { target, controls } = result.scenario
  return {
    head: ['', target, ...controls.flatMap((control) => [control, 'ratio', 'min – max'])],
    rows: [
      ...METRIC_NAMES.map((metric) => metricRow(result, metric)),
      plainRow(result, 'CPU of the server', (subject) => {
        const shares = slotsOf(result, subject).flatMap(({ cpu, seconds }) =>
          cpu === undefined ? [] : [cpu.busySeconds / seconds],
        )
        return shares.length === 0 ? undefined : formatPercent(median(shares))
      }),
      plainRow(result, 'generator busy', (subject) =>
        formatPercent(median(slotsOf(result, subject).map((slot) => slot.generatorUtilization))),
      ),
      plainRow(result, 'own memory (RssAnon)', (subject) => memoryOf(result, subject)?.anonymousBytes),
      plainRow(result, 'mapped files (RssFile)', (subject) => memoryOf(result, subject)?.fileBytes),
    ],
  }
}

function metricRow(result: ScenarioResult, metric: MetricName): string[] {
  const value = (subject: string): string => {
    const middle = medianOf(result, subject, metric)
    return middle === undefined ? '–' : formatMetric(metric, middle)
  }
  const { target, controls } = result.scenario
  const ratioCells = (control: string): string[] => {
    const ratio = ratioOf(result, control, metric)
    if (ratio === undefined) return [value(control), '–', '–']
    const { median: middle, min, max } = ratio.spread
    return [value(control), formatRatio(middle), `${formatRatio(min)} – ${formatRatio(max)}`]
  }
  return [METRICS[metric].title, value(target), ...controls.flatMap(ratioCells)]
}

function plainRow(
  { scenario: { target, controls } }: ScenarioResult,
  title: string,
  of: (subject: string) => string | number | undefined,
): string[] {
  const value = (subject: string): string => {
    const figure = of(subject)
    return figure === undefined ? '–' : typeof figure === 'string' ? figure : formatBytes(figure)
  }
  return [title, value(target), ...controls.flatMap((control) => [value(control), '', ''])]
}

/** The median over a subject's slots; undefined where the metric could not be measured. */
export function medianOf(result: ScenarioResult, subject: string, metric: MetricName): number | undefined {
  const values = slotsOf(result, subject).map((slot) => METRICS[metric].of(slot))
  return values.every((value) => value !== undefined) ? median(values) : undefined
}

export const ratioOf = (result: ScenarioResult, control: string, metric: MetricName): Ratio | undefined =>
  result.ratios.find((ratio) => ratio.control === control && ratio.metric === metric)

const slotsOf = ({ slots }: ScenarioResult, subject: string): Slot[] =>
  slots.filter((slot) => slot.subject === subject)

const memoryOf = ({ subjects }: ScenarioResult, subject: string) =>
  subjects.find(({ name }) => name === subject)?.memory

/** One line on what a scenario asks for, and how. */
export function scenarioLine({ scenario, slots }: ScenarioResult): string {
  const {
    ids,
    mix,
    workspaces,
    connections,
    requestsPerSecond,
    arrivals = 'constant',
    slotSeconds,
    starts = 1,
  } = scenario
  const wanted = Object.entries(mix).map(([operation, weight]) => `${operation} ${weight}`)
  const load =
    requestsPerSecond === undefined
      ? `${connections} connections`
      : `${formatWhole(requestsPerSecond)} requests/s, ${arrivals} arrivals, ${connections} connections`
  const spread =
    ids.kind === 'zipf'
      ? `Zipf ${ids.exponent} ids`
      : ids.kind === 'hot'
        ? `${ids.hot} hot ids`
        : 'uniform ids'
  return `${formatWhole(workspaces)} workspaces, ${spread}; ${wanted.join(', ')}; ${load}; ${slots.length} slots of ${slotSeconds} s${starts === 1 ? '' : `, all servers started ${starts} times`}`
}

/** One line on whether the answers were right. */
export function verificationLine({ verification }: ScenarioResult): string {
  const { checked, wrong, errors, errorsBySubject = {} } = verification
  const whose = Object.entries(errorsBySubject).map(([subject, count]) => `${subject} ${formatWhole(count)}`)
  return (
    `${formatWhole(checked)} bodies checked, ${formatWhole(wrong)} wrong answers, ` +
    `${formatWhole(errors)} failed connections${whose.length === 0 ? '' : ` (${whose.join(', ')})`}`
  )
}

/** Where and with what it was measured: of any results that say so. */
export function environmentTable({
  machine,
  versions,
  commit,
  startedAt,
  settings,
}: Omit<Results, 'format' | 'scenarios' | 'settings'> & {
  readonly settings: Pick<RunSettings, 'threads' | 'seed' | 'slowDown'>
}): Table {
  const { cpu, cores, memoryBytes, system, loadAverage } = machine
  const versionText = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return {
    head: ['', ''],
    rows: [
      ['started', startedAt],
      [
        'machine',
        `${cores} × ${cpu}, ${formatBytes(memoryBytes)}, ${system}, load ${loadAverage} before the run`,
      ],
      ['versions', versionText.join(', ')],
      ['commit', commit === undefined ? 'none' : `${commit.hash}${commit.changed ? ', with changes' : ''}`],
      ['generator', `autocannon in ${settings.threads} threads, seed ${settings.seed}`],
      ...(settings.slowDown === undefined
        ? []
        : [['slowed down', `the target, by ${formatPercent(settings.slowDown)} on purpose`]]),
    ],
  }
}
