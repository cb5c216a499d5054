import { SetupError } from '../errors.js'
import type { Answers } from '../load/answer-checker.js'
import { Generator } from '../load/generator.js'
import { cpuUsage } from '../machine/process-usage.js'
import type { IdSettings, Mix } from '../scenario/schema.js'

/** Who asks for what. */
export interface MeasuredDemand {
  readonly origin: string
  readonly workspaces: number
  readonly ids: IdSettings
  readonly mix: Mix
  readonly connections: number
  readonly seconds: number
  /** What answers are checked against; absent: the samples. */
  readonly answers?: Answers | undefined
}

/** A load on several servers at once, and what each used of the CPUs for it. */
export interface MeasuredLoad {
  readonly requestsPerSecond: number
  /** CPU for one request, by server, in microseconds; `generator` is this process. */
  readonly microseconds: Readonly<Record<string, number>>
}

/** The generator leaves a core to the servers. */
const THREADS = 1
/** The body of one answer in so many is compared with what must be there. */
const SAMPLE_ONE_IN = 100
const SEED = 1

/**
 * Loads `origin` and reads what each of the processes used meanwhile.
 * @param pids by the name of the server; each with its descendants
 * @throws SetupError where an answer was wrong
 */
export async function measureLoad(
  { origin, workspaces, ids, mix, connections, seconds, answers = { kind: 'samples' } }: MeasuredDemand,
  pids: Readonly<Record<string, readonly number[]>>,
): Promise<MeasuredLoad> {
  const generator = new Generator(THREADS)
  const scenario = { workspaces, ids, mix }
  const busy = (): Record<string, number> => {
    const { user, system } = process.cpuUsage()
    const servers = Object.entries(pids).map(([name, ids]) => [name, cpuUsage(ids).busySeconds])
    return { ...Object.fromEntries(servers), generator: (user + system) / 1e6 }
  }
  let before: Record<string, number> = {}
  let after: Record<string, number> = {}
  try {
    const load = {
      origin,
      answers,
      scenario,
      connections,
      seed: [SEED],
      prepare: 0,
      sampleOneIn: SAMPLE_ONE_IN,
    }
    const report = await generator.run(load, seconds * 1000, {
      onBegin: () => {
        before = busy()
      },
      onEnd: () => {
        after = busy()
      },
    })
    if (report.wrong > 0 || report.errors > 0) {
      throw new SetupError(`${report.wrong} wrong answers, ${report.errors} failed connections`)
    }
    return {
      requestsPerSecond: report.requests / report.seconds,
      microseconds: Object.fromEntries(
        Object.keys(after).map((name) => [
          name,
          (((after[name] ?? 0) - (before[name] ?? 0)) / report.requests) * 1e6,
        ]),
      ),
    }
  } finally {
    await generator.close()
  }
}
