import { Generator, type Load, type LoadReport } from '../load/generator.js'
import {
  type CpuUsage,
  canMeasureProcesses,
  cpuUsage,
  type MemoryUsage,
  memoryUsage,
  usedBetween,
} from '../machine/process-usage.js'
import { changesData, type Scenario } from '../scenario/schema.js'
import { slotOrder } from '../stats/ratios.js'
import type { RunningSubject, Subject } from '../subjects/subject.js'
import { averageAnswerBytes } from './answer-size.js'
import { rejectionOf } from './rejection.js'
import type { RunSettings } from './result.js'

export interface RunOptions {
  readonly settings: RunSettings
  /** Where stores are kept from run to run. */
  readonly cacheDir: string
  readonly subjectOf: (name: string) => Subject
  /** Tells a person how far it is. */
  readonly progress: (text: string) => void
  /** Ends the run: it rejects with the signal's reason, once everything it started has ended. */
  readonly signal: AbortSignal
}

/** One subject under load for a while, and what it used meanwhile. */
export interface MeasuredSlot {
  readonly subject: string
  readonly startedAt: string
  readonly report: LoadReport
  /** Absent where the system does not tell. */
  readonly cpu?: CpuUsage | undefined
  /** What the server put on V8's heap; absent where it is not one process of Node. */
  readonly heapBytes?: number | undefined
  /** At the end of the slot; absent where the system does not tell. */
  readonly memory?: MemoryUsage | undefined
}

/** More requests than the last slot had are made ahead, as the next may be faster. */
const PREPARED_SHARE = 1.1

/**
 * Runs one scenario: starts its target and controls as processes, warms each up, and then loads them in turns; and that as often
 * as the scenario starts them.
 * @throws SetupError when one of them does not start, or dies
 */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<readonly MeasuredSlot[]> {
  const { starts = 1, rounds } = scenario
  const slots: MeasuredSlot[] = []
  for (let start = 1; start <= starts; start++) {
    const part = Math.floor((rounds * start) / starts) - Math.floor((rounds * (start - 1)) / starts)
    if (starts > 1) options.progress(`start ${start} of ${starts}`)
    const run = new ScenarioRun({ ...scenario, rounds: part }, options, slots.length)
    try {
      await run.begin()
      slots.push(...(await run.measureInTurns()))
    } finally {
      await run.end()
    }
  }
  return slots
}

class ScenarioRun {
  readonly #scenario: Scenario
  readonly #options: RunOptions
  readonly #generator: Generator
  readonly #aborted: Promise<never>
  readonly #answerBytes: number
  readonly #running = new Map<string, RunningSubject>()
  /** How many requests a second each subject answered last. */
  readonly #rates = new Map<string, number>()
  #slots: number

  /** @param slots how many there were before: each draws its own requests */
  constructor(scenario: Scenario, options: RunOptions, slots: number) {
    this.#scenario = scenario
    this.#options = options
    this.#slots = slots
    this.#generator = new Generator(options.settings.threads)
    this.#answerBytes = averageAnswerBytes(scenario, options.settings.seed)
    this.#aborted = rejectionOf(options.signal)
  }

  async begin(): Promise<void> {
    const { target, controls, warmupSeconds } = this.#scenario
    const { slowDown } = this.#options.settings
    for (const name of [...controls, target]) await this.#start(name)
    if (slowDown !== undefined) await this.#restartSlower(target, slowDown)
    for (const name of warmupSeconds === 0 ? [] : [...controls, target]) {
      this.#options.progress(`warming ${name} up`)
      await this.#measure(name, warmupSeconds)
    }
  }

  async measureInTurns(): Promise<MeasuredSlot[]> {
    const { target, controls, rounds, slotSeconds } = this.#scenario
    const order = slotOrder(target, controls, rounds)
    const slots: MeasuredSlot[] = []
    for (const [place, name] of order.entries()) {
      slots.push(await this.#measure(name, slotSeconds))
      const rate = Math.round(this.#rates.get(name) ?? 0).toLocaleString('en')
      this.#options.progress(`slot ${place + 1} of ${order.length}: ${name}, ${rate} requests/s`)
    }
    return slots
  }

  async end(): Promise<void> {
    await this.#generator.close()
    await Promise.all([...this.#running.values()].map((subject) => subject.stop()))
  }

  async #start(name: string, slowDownMicroseconds?: number): Promise<void> {
    const { subjectOf, cacheDir, progress, signal } = this.#options
    signal.throwIfAborted()
    const { workspaces } = this.#scenarioOf(name)
    const answerBytes = this.#answerBytes
    const changes = changesData(this.#scenario)
    const context = {
      workspaces,
      answerBytes,
      changesData: changes,
      cacheDir,
      slowDownMicroseconds,
      progress,
    }
    this.#running.set(name, await subjectOf(name).start(context))
  }

  /** Finds out what a request costs, and starts the subject again with so much of that added to each. */
  async #restartSlower(name: string, share: number): Promise<void> {
    const { warmupSeconds, slotSeconds } = this.#scenario
    await this.#measure(name, warmupSeconds)
    const { cpu, report } = await this.#measure(name, slotSeconds)
    const addedMicroseconds = (share * 1e6 * (cpu?.busySeconds ?? 0)) / report.requests
    await this.#subject(name).stop()
    await this.#start(name, addedMicroseconds)
    this.#options.progress(`${name} now takes ${addedMicroseconds.toFixed(1)} µs more a request, on purpose`)
  }

  async #measure(name: string, seconds: number): Promise<MeasuredSlot> {
    const subject = this.#subject(name)
    let before: CpuUsage | undefined
    let after: CpuUsage | undefined
    let heapBytes: Promise<number> | undefined
    const startedAt = new Date().toISOString()
    const loading = this.#generator.run(this.#load(name, subject.origin, seconds), seconds * 1000, {
      onBegin: () => {
        before = canMeasureProcesses ? cpuUsage(subject.pids) : undefined
        subject.heap?.begin()
      },
      onEnd: () => {
        after = canMeasureProcesses ? cpuUsage(subject.pids) : undefined
        heapBytes = subject.heap?.end()
      },
    })
    const report = await Promise.race([loading, subject.died, this.#aborted])
    this.#rates.set(name, report.requests / report.seconds)
    return {
      subject: name,
      startedAt,
      report,
      cpu: before && after && usedBetween(before, after),
      heapBytes: await Promise.race([heapBytes, subject.died, this.#aborted]),
      memory: canMeasureProcesses ? memoryUsage(subject.pids) : undefined,
    }
  }

  #load(name: string, origin: string, seconds: number): Load {
    const { connections, requestsPerSecond, arrivals = 'constant' } = this.#scenario
    const { settings, subjectOf } = this.#options
    const { answers } = subjectOf(name)
    return {
      origin,
      answers: answers === 'fixed' ? { kind: 'fixed', bytes: this.#answerBytes } : { kind: 'samples' },
      scenario: this.#scenarioOf(name),
      connections,
      arrivals: requestsPerSecond === undefined ? undefined : { requestsPerSecond, arrivals },
      seed: [settings.seed, this.#slots++],
      prepare: Math.ceil((this.#rates.get(name) ?? 0) * seconds * PREPARED_SHARE),
      sampleOneIn: settings.sampleOneIn,
    }
  }

  #scenarioOf(name: string): Scenario {
    const { scale = 1 } = this.#options.subjectOf(name)
    return { ...this.#scenario, workspaces: this.#scenario.workspaces * scale }
  }

  #subject(name: string): RunningSubject {
    const subject = this.#running.get(name)
    if (subject === undefined) throw new Error(`${name} was not started`)
    return subject
  }
}
