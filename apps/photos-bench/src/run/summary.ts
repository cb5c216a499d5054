import type { MemoryUsage } from '../machine/process-usage.js'
import type { Scenario } from '../scenario/schema.js'
import { decodeHistogram, encodeHistogram, mergeHistograms, summarize } from '../stats/histogram.js'
import { METRIC_NAMES } from '../stats/metrics.js'
import { ratiosOf } from '../stats/ratios.js'
import { sum } from '../stats/robust.js'
import type { Ratio, ScenarioResult, Slot, SubjectResult, Verification } from './result.js'
import type { MeasuredSlot } from './scenario-run.js'
import { warningsOf } from './warnings.js'

/** What a results file says of one scenario, from what was measured. */
export function summarizeScenario(scenario: Scenario, measured: readonly MeasuredSlot[]): ScenarioResult {
  const { target, controls } = scenario
  const slots = measured.map(slotOf)
  const subjectResult = (name: string, role: SubjectResult['role']): SubjectResult =>
    summarizeSubject(
      name,
      role,
      measured.filter(({ subject }) => subject === name),
    )
  return {
    scenario,
    subjects: [subjectResult(target, 'target'), ...controls.map((name) => subjectResult(name, 'control'))],
    slots,
    ratios: controls.flatMap((control) => everyRatio(slots, target, control)),
    verification: verificationOf(measured),
    warnings: warningsOf(scenario, slots),
  }
}

function slotOf({ subject, startedAt, report, cpu, heapBytes }: MeasuredSlot): Slot {
  const { seconds, requests, statuses, latencies, throughput, utilization, lateness, unsent } = report
  return {
    subject,
    startedAt,
    seconds,
    requests,
    statuses,
    cpu,
    heapBytes,
    generatorUtilization: utilization,
    latency: summarize(decodeHistogram(latencies)),
    throughput,
    ...(lateness === undefined
      ? {}
      : { p99Lateness: decodeHistogram(lateness).getValueAtPercentile(99), unsent }),
  }
}

function summarizeSubject(
  name: string,
  role: SubjectResult['role'],
  slots: readonly MeasuredSlot[],
): SubjectResult {
  const latencies = mergeHistograms(slots.map(({ report }) => report.latencies))
  return {
    name,
    role,
    memory: most(slots.flatMap(({ memory }) => (memory === undefined ? [] : [memory]))),
    latency: summarize(latencies),
    latencies: encodeHistogram(latencies),
  }
}

const most = (usages: readonly MemoryUsage[]): MemoryUsage | undefined =>
  usages.length === 0
    ? undefined
    : {
        anonymousBytes: Math.max(...usages.map(({ anonymousBytes }) => anonymousBytes)),
        fileBytes: Math.max(...usages.map(({ fileBytes }) => fileBytes)),
      }

function everyRatio(slots: readonly Slot[], target: string, control: string): Ratio[] {
  return METRIC_NAMES.flatMap((metric) => {
    const spread = ratiosOf(slots, target, control, metric)
    return spread === undefined ? [] : [{ control, metric, spread }]
  })
}

function errorsBySubject(measured: readonly MeasuredSlot[]): Record<string, number> {
  const errors: Record<string, number> = {}
  for (const { subject, report } of measured) {
    if (report.errors > 0) errors[subject] = (errors[subject] ?? 0) + report.errors
  }
  return errors
}

function verificationOf(measured: readonly MeasuredSlot[]): Verification {
  const total = (of: (slot: MeasuredSlot) => number): number => sum(measured.map(of))
  return {
    checked: total(({ report }) => report.checked),
    wrong: total(({ report }) => report.wrong),
    errors: total(({ report }) => report.errors),
    errorsBySubject: errorsBySubject(measured),
    wrongAnswers: measured.flatMap(({ subject, report }) =>
      report.wrongAnswers.map((wrong) => ({ ...wrong, subject })),
    ),
  }
}
