import type { Ratio, Results, ScenarioResult, Slot, SubjectResult } from '../../dist/run/result.js'
import type { Scenario } from '../../dist/scenario/schema.js'
import { encodeHistogram, newHistogram, summarize } from '../../dist/stats/histogram.js'
import { METRIC_NAMES } from '../../dist/stats/metrics.js'
import { ratiosOf, slotOrder } from '../../dist/stats/ratios.js'

export const SCENARIO: Scenario = {
  name: 'embedded-collections',
  description: 'What a test needs',
  target: 'embedded',
  controls: ['bare-fastify'],
  workspaces: 1000,
  ids: { kind: 'uniform' },
  mix: { collection: 1 },
  connections: 64,
  rounds: 3,
  slotSeconds: 1,
  warmupSeconds: 1,
}

export interface SlotFigures {
  readonly subject?: string
  readonly requests?: number
  readonly busySeconds?: number
  /** Microseconds; every request takes so long. */
  readonly latency?: number
}

/** A slot of one second. */
export function slot({
  subject = 'embedded',
  requests = 1000,
  busySeconds = 0.5,
  latency = 900,
}: SlotFigures): Slot {
  const histogram = newHistogram()
  histogram.recordValue(latency)
  return {
    subject,
    startedAt: '2025-01-01T00:00:00.000Z',
    seconds: 1,
    requests,
    statuses: { 200: requests },
    cpu: { busySeconds, waitingSeconds: 0, majorFaults: 0 },
    generatorUtilization: 0.5,
    latency: summarize(histogram),
    throughput: [requests / 2, requests / 2],
  }
}

/** The result of a scenario whose target answers `share` as much as its control, in every slot. */
export function scenarioResult(
  share: number,
  changes: Partial<ScenarioResult> = {},
  scenario: Scenario = SCENARIO,
): ScenarioResult {
  const { target, controls, rounds } = scenario
  const slots = slotOrder(target, controls, rounds).map((subject) =>
    slot({ subject, requests: subject === target ? 1000 * share : 1000 }),
  )
  return {
    scenario,
    subjects: [subject(target, 'target'), ...controls.map((control) => subject(control, 'control'))],
    slots,
    ratios: controls.flatMap((control) => everyRatio(slots, target, control)),
    verification: { checked: 10, wrong: 0, errors: 0, wrongAnswers: [] },
    warnings: [],
    ...changes,
  }
}

export function results(...scenarios: ScenarioResult[]): Results {
  return {
    format: 1,
    startedAt: '2025-01-01T00:00:00.000Z',
    machine: { cpu: 'a CPU', cores: 2, memoryBytes: 8e9, system: 'linux', loadAverage: 0 },
    versions: { node: 'v20.19.0' },
    settings: { threads: 1, seed: 1, sampleOneIn: 100 },
    scenarios,
  }
}

function everyRatio(slots: readonly Slot[], target: string, control: string): Ratio[] {
  return METRIC_NAMES.flatMap((metric) => {
    const spread = ratiosOf(slots, target, control, metric)
    return spread === undefined ? [] : [{ control, metric, spread }]
  })
}

function subject(name: string, role: SubjectResult['role']): SubjectResult {
  const histogram = newHistogram()
  for (let latency = 100; latency < 5000; latency++) histogram.recordValue(latency)
  return {
    name,
    role,
    memory: { anonymousBytes: 90e6, fileBytes: 40e6 },
    latency: summarize(histogram),
    latencies: encodeHistogram(histogram),
  }
}
