import { formatLatency, formatRatio, formatWhole } from '../report/format.js'
import { mergeHistograms, summarize } from '../stats/histogram.js'
import { median, sum } from '../stats/robust.js'
import type { StoreName } from './deployment.js'
import type { Finding, Limit, ScaleRow, ScaleSlot, ScaleVerification } from './result.js'
import { AIMS, type LoadKind, PUBLISHED, type ScaleSettings, type Setup, setupsOf } from './settings.js'

/** A replica that used less of its quota was not what limited the setup. */
const QUOTA_FULL = 0.9
/** Less of the machine idle, and its CPUs were the limit. */
const MACHINE_FULL = 0.03
/** More of the time busy, and the generator may have been the limit. */
const GENERATOR_FULL = 0.95
/** Less of what was due sent, and answers came slower than requests. */
const RATE_REACHED = 0.99

/** The rows of a results file, in the order of the setups and their loads. */
export function rowsOf(
  settings: Pick<ScaleSettings, 'replicaCounts'>,
  slots: readonly ScaleSlot[],
): ScaleRow[] {
  const of = (name: string, load: LoadKind): ScaleSlot[] =>
    slots.filter((slot) => slot.setup === name && slot.load === load)
  const setups = setupsOf(settings)
  const aloneOf = (design: Setup['design']): Setup | undefined =>
    setups.find((setup) => setup.design === (design === 'bare' ? 'bare' : 'full') && setup.replicas === 1)
  const rates = (name: string, load: LoadKind): number[] =>
    of(name, load).map(({ requests, seconds }) => requests / seconds)
  return setups.flatMap((setup) =>
    setup.loads.map((load): ScaleRow => {
      const own = of(setup.name, load)
      const middle = (figure: (slot: ScaleSlot) => number): number => median(own.map(figure))
      const row = {
        setup,
        load,
        requestsPerSecond: median(rates(setup.name, load)),
        latency: summarize(mergeHistograms(own.map(({ latencies }) => latencies))),
        quotaUsed: middle(({ quotaUsed }) => quotaUsed),
        cpuPerRequest: middle(({ cpuPerRequest }) => cpuPerRequest),
        machineIdle: middle(({ machineIdle }) => machineIdle),
        generatorUtilization: middle(({ generatorUtilization }) => generatorUtilization),
      }
      if (load !== 'saturation')
        return { ...row, sentShare: middle(({ requests, unsent = 0 }) => requests / (requests + unsent)) }
      const alone = aloneOf(setup.design)
      const ones = alone === undefined ? [] : rates(alone.name, load)
      const speedups = rates(setup.name, load).map((rate, round) => rate / (ones[round] ?? Number.NaN))
      return { ...row, limit: limitOf(row), ...(ones.length === 0 ? {} : { speedup: median(speedups) }) }
    }),
  )
}

type Busy = Pick<ScaleRow, 'quotaUsed' | 'machineIdle' | 'generatorUtilization'>

function limitOf({ quotaUsed, machineIdle, generatorUtilization }: Busy): Limit {
  if (quotaUsed >= QUOTA_FULL) return 'replicas'
  return machineIdle < MACHINE_FULL || generatorUtilization >= GENERATOR_FULL ? 'machine' : 'other'
}

export function verificationOf(slots: readonly ScaleSlot[]): ScaleVerification {
  const total = (of: (slot: ScaleSlot) => number): number => sum(slots.map(of))
  return {
    checked: total(({ checked }) => checked),
    wrong: total(({ wrong }) => wrong),
    errors: total(({ errors }) => errors),
    wrongAnswers: slots.flatMap(({ wrongAnswers }) => wrongAnswers),
  }
}

/** Whether the aims are reached. */
export function findingsOf(rows: readonly ScaleRow[], slots: readonly ScaleSlot[]): Finding[] {
  const scaled = rows.filter(({ speedup, setup }) => speedup !== undefined && setup.design === 'full')
  const most = scaled.at(-1)
  const control = rows.findLast(({ setup }) => setup.design === 'bare')
  const edge = rows.find(({ setup }) => setup.microcache)
  const findings: Finding[] = []
  if (most?.speedup !== undefined && most.setup.replicas > 1) {
    const wanted = most.setup.replicas * AIMS.shareOfIdeal
    findings.push({
      aim: `${most.setup.name} answer at least ${formatRatio(wanted)} times as much as one`,
      measured: `${formatRatio(most.speedup)} times${control?.speedup === undefined ? '' : `; as many of bare Fastify, the control: ${formatRatio(control.speedup)} times`}`,
      reached: most.speedup >= wanted,
    })
  }
  if (edge !== undefined) {
    const { mean, p99 } = edge.latency
    const own = slots.filter(({ setup }) => setup === edge.setup.name)
    const bad = sum(own.map(({ errors, wrong }) => errors + wrong))
    findings.push({
      aim: `at ${formatWhole(PUBLISHED.after.requestsPerSecond)} requests/s with the microcache: mean below ${AIMS.meanMs} ms, p99 below ${AIMS.p99Ms} ms, no errors`,
      measured: `mean ${formatLatency(mean)}, p99 ${formatLatency(p99)}, ${bad} errors, ${formatWhole(edge.requestsPerSecond)} answered a second`,
      reached: mean < AIMS.meanMs * 1000 && p99 < AIMS.p99Ms * 1000 && bad === 0 && !isOverloaded(edge),
    })
  }
  return findings
}

/** What a reader must know before believing the figures. */
export function warningsOf(
  rows: readonly ScaleRow[],
  slots: readonly ScaleSlot[],
  store: StoreName,
): string[] {
  const percent = (share: number): string => `${Math.round(share * 100)} %`
  return [
    ...rows.flatMap(({ setup, limit, ...row }) => {
      if (limit === undefined || limit === 'replicas') return []
      const busy =
        `the replicas used ${percent(row.quotaUsed)} of their quotas, the generator was busy ` +
        `${percent(row.generatorUtilization)} of the time, ${percent(row.machineIdle)} of the machine was idle`
      const [what, remedy] =
        limit === 'machine'
          ? ['this machine', 'with a smaller --quota, or on more cores, the replicas are']
          : ['neither the replicas nor this machine', REMEDY[store]]
      return [`${setup.name}, at saturation: the limit was ${what}: ${busy}; ${remedy}`]
    }),
    ...dearer(rows),
    ...lateness(slots),
  ]
}

const REMEDY: Readonly<Record<StoreName, string>> = {
  embedded: 'more --connections would tell',
  couchdb: 'CouchDB or Redis was, or more --connections would tell',
}

/** More than this in place of what it costs one replica alone, and the replicas are in one another's way. */
const DEARER = 1.15

/** Replicas on one machine share its caches and what its cores share; those on machines of their own do not. */
function dearer(rows: readonly ScaleRow[]): string[] {
  const scaled = rows.filter(({ setup, load }) => setup.design === 'full' && load === 'saturation')
  const alone = scaled.find(({ setup }) => setup.replicas === 1)
  const most = scaled.at(-1)
  if (alone === undefined || most === undefined || most.cpuPerRequest < alone.cpuPerRequest * DEARER)
    return []
  const cost = (row: ScaleRow): string => formatLatency(row.cpuPerRequest)
  return [
    `a request cost ${most.setup.name} ${cost(most)} of CPU and one alone ${cost(alone)}: they share this machine's caches ` +
      '(and, over the embedded store, its memory), so the machine is a part of the limit: at that cost for all, they would be ' +
      `${formatRatio((most.requestsPerSecond / alone.requestsPerSecond) * (most.cpuPerRequest / alone.cpuPerRequest))} times as fast as one`,
  ]
}

/** A generator that is itself late by a part of what was measured has measured itself. */
const LATE_MICROSECONDS = 5000

function lateness(slots: readonly ScaleSlot[]): string[] {
  const late = slots.flatMap(({ p99Lateness }) => (p99Lateness === undefined ? [] : [p99Lateness]))
  const middle = late.length === 0 ? 0 : median(late)
  return middle < LATE_MICROSECONDS
    ? []
    : [`the generator itself was late by ${formatLatency(middle)} (p99): the machine had other work`]
}

/**
 * Whether requests were due faster than they were answered: then latency only says for how long. How many come by chance
 * varies, so it is not told from how many were answered.
 */
export const isOverloaded = ({ sentShare = 1 }: ScaleRow): boolean => sentShare < RATE_REACHED
