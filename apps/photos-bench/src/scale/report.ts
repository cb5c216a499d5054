import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Chart, type Point, toSvg } from '../report/chart.js'
import { formatCount, formatLatency, formatPercent, formatRatio, formatWhole } from '../report/format.js'
import { markdownTable } from '../report/markdown.js'
import { environmentTable, type Table } from '../report/tables.js'
import { linearTicks } from '../report/ticks.js'
import type { Limit, ScaleResults, ScaleRow } from './result.js'
import { PUBLISHED } from './settings.js'
import { isOverloaded } from './summary.js'

const PLOT = 'scaling.svg'

/** Writes results.json, scaling.md and scaling.svg into a directory, which is made. */
export async function writeScaleReport(results: ScaleResults, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  await Promise.all([
    writeFile(join(dir, 'results.json'), `${JSON.stringify(results, null, 1)}\n`),
    writeFile(join(dir, 'scaling.md'), scaleMarkdown(results)),
    writeFile(join(dir, PLOT), `${toSvg(scaleChart(results))}\n`),
  ])
}

/** The whole report as Markdown. */
export function scaleMarkdown(results: ScaleResults): string {
  const { verification, findings, warnings } = results
  return [
    '# Scaling out',
    '',
    introduction(results),
    '',
    `![Requests per second by number of replicas](${PLOT})`,
    '',
    '## Next to what was published of the original',
    '',
    markdownTable(publishedTable(results)),
    '',
    '## At saturation, microcache off',
    '',
    markdownTable(saturationTable(results)),
    '',
    `## At an arrival rate of ${formatWhole(PUBLISHED.after.requestsPerSecond)} requests/s`,
    '',
    markdownTable(rateTable(results)),
    '',
    '## What shall hold',
    '',
    ...findings.map(
      ({ aim, measured, reached }) => `- ${reached ? 'Holds' : '**Missed**'}: ${aim}: ${measured}.`,
    ),
    `- ${formatWhole(verification.checked)} bodies checked, ${formatWhole(verification.wrong)} wrong answers, ${formatWhole(verification.errors)} failed connections.`,
    ...verification.wrongAnswers.map(
      ({ request, problem }) => `  - \`${request}\` was answered with ${problem}`,
    ),
    ...warnings.flatMap((warning) => ['', `> Warning: ${warning}.`]),
    '',
    '## How to read it',
    '',
    HOW_TO_READ,
    '',
    '## Where it was measured',
    '',
    markdownTable(environmentTable(results)),
    '',
  ].join('\n')
}

function introduction({ settings, store, cgroupVersion }: ScaleResults): string {
  const { quota, workspaces, rounds, slotSeconds } = settings
  const held = `${formatPercent(quota.cores)} of one core (cgroup v${cgroupVersion}, period ${quota.periodMs} ms)`
  const stored =
    store === 'embedded'
      ? `Each replica is held to ${held}; all share one embedded store`
      : `Each replica and Redis are held to ${held}; behind them is one CouchDB, which is not`
  return [
    `\`npx pnpm@10 bench:scale\`: ${formatWhole(workspaces)} workspaces, Zipf 0.99. ${stored}. NGINX and the load generator run`,
    `beside them without a quota. ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of all sizes in turn, ${slotSeconds} s each.`,
  ].join('\n')
}

const HOW_TO_READ = `- **At saturation** every connection asks as soon as it is answered, and the replicas never wait for a request. *of ideal*: against as
  many times what one replica answers. *quota used* near 100 % says that the replicas were the limit, and not the machine.
- **At an arrival rate** requests are sent when they are due, at random as independent clients come, and latency counts from then, so
  that what a slow answer holds up counts too. *overloaded*: requests were due faster than they were answered; latency then grows for as long as it lasts.
- **bare Fastify** is the control: processes that send one fixed buffer, in the place of the replicas, under the same quota behind the same
  NGINX. What they lose against the ideal is what this machine cannot give to so many processes at once.
- **Before** is one replica without any cache of the service, behind NGINX without its microcache.
- A held process stands still for the rest of a period once its share is used, so latencies of replicas near their quota come in
  steps of the period, as on a small instance without credits.
- **CPU a request** is that of the replicas. It is lower where much waits and is done at once, and higher where replicas share one
  machine's caches; eight machines do not.
- The quota is the baseline of a t2.micro, 10 % of a core. A core of today does several times the work of a t2.micro's, so absolute figures
  are not those of such instances: what compares is how they grow.
- The published figures are of the original on its own machines. They stand here to show the shape of its experiment; only the
  benchmark's \`original\` control compares both designs on one machine.`

const at = (results: ScaleResults, matches: (row: ScaleRow) => boolean): ScaleRow | undefined =>
  results.rows.find(matches)

function publishedTable(results: ScaleResults): Table {
  const { before, after } = PUBLISHED
  const rate = (requestsPerSecond: number): string => `${formatWhole(requestsPerSecond)} requests/s`
  const latencyOf = (row: ScaleRow | undefined): string[] =>
    row === undefined
      ? ['–', '–']
      : [
          `${formatLatency(row.latency.mean)}${isOverloaded(row) ? ' (overloaded)' : ''}`,
          formatLatency(row.latency.p99),
        ]
  const beforeAt = (load: number): ScaleRow | undefined =>
    at(results, (row) => row.setup.design === 'before' && row.load === load)
  const edge = at(results, ({ setup }) => setup.microcache)
  const largest = at(
    results,
    ({ setup, load }) =>
      setup.replicas === edge?.setup.replicas && !setup.microcache && load !== 'saturation',
  )
  const published = (ms: number): string => formatLatency(ms * 1000)
  return {
    head: ['', 'rate', 'original, mean', 'here, mean', 'here, p99'],
    rows: [
      [
        'before scaling out',
        rate(before.requestsPerSecond),
        published(before.meanMs),
        ...latencyOf(beforeAt(before.requestsPerSecond)),
      ],
      [
        'before scaling out',
        rate(after.requestsPerSecond),
        '–',
        ...latencyOf(beforeAt(after.requestsPerSecond)),
      ],
      [
        `after: ${largest?.setup.name ?? ''}, microcache off`,
        rate(after.requestsPerSecond),
        '–',
        ...latencyOf(largest),
      ],
      [
        `after: ${edge?.setup.name ?? ''} on`,
        rate(after.requestsPerSecond),
        published(after.meanMs),
        ...latencyOf(edge),
      ],
    ],
  }
}

const LIMITS: Readonly<Record<Limit, string>> = {
  replicas: 'the replicas',
  machine: 'the machine',
  other: 'something else',
}

function saturationTable({ rows }: ScaleResults): Table {
  return {
    head: [
      '',
      'requests/s',
      'to one',
      'of ideal',
      'mean',
      'p50',
      'p99',
      'p99.9',
      'CPU a request',
      'quota used',
      'machine idle',
      'generator busy',
      'limit',
    ],
    rows: rows
      .filter(({ load }) => load === 'saturation')
      .map(({ setup, requestsPerSecond, speedup, limit = 'other', ...row }) => [
        setup.name,
        formatCount(requestsPerSecond),
        speedup === undefined ? '–' : formatRatio(speedup),
        speedup === undefined ? '–' : formatPercent(speedup / setup.replicas),
        ...latencyCells(row),
        formatLatency(row.cpuPerRequest),
        formatPercent(row.quotaUsed),
        formatPercent(row.machineIdle),
        formatPercent(row.generatorUtilization),
        LIMITS[limit],
      ]),
  }
}

function rateTable({ rows }: ScaleResults): Table {
  return {
    head: ['', 'answered/s', 'mean', 'p50', 'p99', 'p99.9', 'quota used', ''],
    rows: rows
      .filter(({ load }) => load === PUBLISHED.after.requestsPerSecond)
      .map((row) => [
        row.setup.name,
        formatCount(row.requestsPerSecond),
        ...latencyCells(row),
        formatPercent(row.quotaUsed),
        isOverloaded(row) ? 'overloaded' : '',
      ]),
  }
}

function latencyCells({ latency }: Pick<ScaleRow, 'latency'>): string[] {
  return [latency.mean, latency.p50, latency.p99, latency.p999].map(formatLatency)
}

/** Requests per second by number of replicas, and what they would be if each answered as much as one alone. */
export function scaleChart({ rows, settings }: ScaleResults): Chart {
  const scaled = rows.filter(({ setup, load }) => setup.design === 'full' && load === 'saturation')
  const measured = scaled.map(({ setup, requestsPerSecond }): Point => [setup.replicas, requestsPerSecond])
  const [first] = measured
  const perReplica = first === undefined ? 0 : first[1] / first[0]
  const ideal = settings.replicaCounts.map((count): Point => [count, count * perReplica])
  return {
    title: 'Requests per second by number of replicas, microcache off',
    x: { label: 'replicas', kind: 'linear', ticks: [0, ...settings.replicaCounts], format: formatWhole },
    y: {
      label: 'requests/s at saturation',
      kind: 'linear',
      ticks: linearTicks(Math.max(...[...measured, ...ideal].map(([, y]) => y))),
      format: formatWhole,
    },
    series: [
      { name: 'measured', runs: [measured], dots: true },
      { name: 'ideal', runs: [[[0, 0], ...ideal]] },
    ],
  }
}
