import { EXIT, UsageError } from '../errors.js'
import { CpuGroups } from '../machine/cpu-groups.js'
import { describeEnvironment } from '../machine/machine.js'
import { canMeasureProcesses } from '../machine/process-usage.js'
import { averageAnswerBytes } from '../run/answer-size.js'
import { startDeployment, storeOf } from '../scale/deployment.js'
import { scaleMarkdown, writeScaleReport } from '../scale/report.js'
import { SCALE_FORMAT, type ScaleResults, type ScaleSlot } from '../scale/result.js'
import { runScale } from '../scale/scale-run.js'
import { asked, type ScaleSettings } from '../scale/settings.js'
import { findingsOf, rowsOf, verificationOf, warningsOf } from '../scale/summary.js'
import { noNginx } from '../subjects/edge.js'
import type { CommandLine } from './options.js'
import { Progress } from './progress.js'
import { reportDirectory } from './report-directory.js'

const DEFAULT_WORKSPACES = 1_000_000
const DEFAULT_COUNTS = [1, 2, 4, 8]
const DEFAULT_ROUNDS = 3
const DEFAULT_SLOT_SECONDS = 5
const DEFAULT_WARMUP_SECONDS = 10
const DEFAULT_CONNECTIONS = 64
const PERIOD_MS = 100
/** The CPU baseline of an AWS t2.micro: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html */
const T2_MICRO_CORES = 0.1

/**
 * `bench scale`: replicas held to the CPU of small instances, 1 to 8 of them, behind NGINX. Fails where an aim is missed.
 * @throws SetupError where no quota may be set here, in one line
 */
export async function scaleCommand(line: CommandLine, signal: AbortSignal): Promise<number> {
  if (line.positionals.length > 0) throw new UsageError('scale takes options only')
  const missing = canMeasureProcesses ? noNginx() : 'only Linux can hold processes to a quota'
  if (missing !== undefined) throw new UsageError(`bench scale cannot run here: ${missing}`)
  const settings = settingsOf(line)
  const environment = describeEnvironment()
  const startedAt = new Date().toISOString()
  const store = storeOf(process.env)
  const groups = CpuGroups.open()
  let slots: readonly ScaleSlot[]
  try {
    slots = await measureSlots(settings, line, groups, signal)
  } finally {
    groups.close()
  }
  const rows = rowsOf(settings, slots)
  const results: ScaleResults = {
    format: SCALE_FORMAT,
    startedAt,
    ...environment,
    settings,
    store,
    cgroupVersion: groups.version,
    rows,
    slots,
    findings: findingsOf(rows, slots),
    verification: verificationOf(slots),
    warnings: warningsOf(rows, slots, store),
  }
  const dir = line.out ?? reportDirectory('scale', startedAt)
  await writeScaleReport(results, dir)
  console.log(`${scaleMarkdown(results)}\nThe report is ${dir}/scaling.md, the plot ${dir}/scaling.svg.`)
  return exitCodeOf(results)
}

async function measureSlots(
  settings: ScaleSettings,
  { cacheDir }: CommandLine,
  groups: CpuGroups,
  signal: AbortSignal,
): Promise<readonly ScaleSlot[]> {
  const progress = new Progress()
  progress.about('scale')
  const store = storeOf(process.env)
  const answerBytes = averageAnswerBytes(asked(settings.workspaces), settings.seed)
  const options = { settings, answerBytes, progress: progress.step, signal }
  const deployment = await startDeployment({ ...options, store, cacheDir, groups })
  try {
    return await runScale({ ...options, deployment })
  } finally {
    await deployment.stop()
  }
}

function settingsOf({ settings, sizes, overrides, replicaCounts, quotaCores }: CommandLine): ScaleSettings {
  const { threads, seed, sampleOneIn } = settings
  const [workspaces = DEFAULT_WORKSPACES, ...more] = sizes
  if (more.length > 0) throw new UsageError('scale takes one number of --workspaces')
  return {
    threads,
    seed,
    sampleOneIn,
    workspaces,
    replicaCounts: replicaCounts.length === 0 ? DEFAULT_COUNTS : replicaCounts,
    quota: { cores: quotaCores ?? T2_MICRO_CORES, periodMs: PERIOD_MS },
    rounds: overrides.rounds ?? DEFAULT_ROUNDS,
    slotSeconds: overrides.slotSeconds ?? DEFAULT_SLOT_SECONDS,
    warmupSeconds: overrides.warmupSeconds ?? DEFAULT_WARMUP_SECONDS,
    connectionsPerReplica: overrides.connections ?? DEFAULT_CONNECTIONS,
  }
}

function exitCodeOf({ verification, slots, findings }: ScaleResults): number {
  const { wrong, errors, checked } = verification
  const valid = wrong === 0 && errors === 0 && checked > 0 && slots.every(({ requests }) => requests > 0)
  if (!valid) return EXIT.invalid
  return findings.every(({ reached }) => reached) ? EXIT.ok : EXIT.failed
}
