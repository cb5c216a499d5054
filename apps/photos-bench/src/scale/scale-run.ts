import type { NginxServer } from 'photos-test-servers'
import { Generator, type Load, type LoadReport, type SlotHooks } from '../load/generator.js'
import { idleBetween, type MachineUsage, machineUsage } from '../machine/machine-usage.js'
import { type CpuUsage, cpuUsage, usedBetween } from '../machine/process-usage.js'
import { rejectionOf } from '../run/rejection.js'
import { decodeHistogram } from '../stats/histogram.js'
import { startEdge } from '../subjects/edge.js'
import type { RunningSubject } from '../subjects/subject.js'
import type { Deployment } from './deployment.js'
import type { ScaleSlot } from './result.js'
import { asked, type LoadKind, type ScaleSettings, type Setup, setupsOf } from './settings.js'

export interface ScaleRunOptions {
  readonly settings: ScaleSettings
  readonly deployment: Deployment
  /** How long the control's answers are. */
  readonly answerBytes: number
  readonly progress: (text: string) => void
  /** Ends the run: it rejects with the signal's reason. */
  readonly signal: AbortSignal
}

/** At an arrival rate: more than are ever in flight unless the replicas are overloaded. */
const PACED_CONNECTIONS = 128
/** Load at the quota before each slot, until it is steady; the microcache first learns what is popular. */
const SETTLE_SECONDS = { plain: 1, microcache: 4 } as const
/** What is warm gets cheaper by less than this from one time to the next. */
const WARM_SHARE = 0.95
const MOST_WARMUPS = 6
/** More requests than the last slot had are made ahead. */
const PREPARED_SHARE = 1.1

/** Warms the replicas up, and then measures every setup under its loads, in turns. @throws SetupError when a replica dies */
export async function runScale(options: ScaleRunOptions): Promise<ScaleSlot[]> {
  const run = new ScaleRun(options)
  try {
    await run.warmUp()
    return await run.measureInTurns()
  } finally {
    await run.end()
  }
}

class ScaleRun {
  readonly #options: ScaleRunOptions
  readonly #generator: Generator
  readonly #aborted: Promise<never>
  /** How many requests a second each setup answered last at saturation. */
  readonly #rates = new Map<string, number>()
  #loads = 0

  constructor(options: ScaleRunOptions) {
    this.#options = options
    this.#generator = new Generator(options.settings.threads)
    this.#aborted = rejectionOf(options.signal)
  }

  /**
   * Until a request costs no less than it did before. Without quotas: held to a tenth of a core, a process would take minutes
   * to compile what it runs often.
   */
  async warmUp(): Promise<void> {
    const { deployment } = this.#options
    await this.#warmUp('replicas', [deployment.before, ...deployment.replicas], 'full')
    await this.#warmUp('of the control', deployment.bare, 'bare')
  }

  async #warmUp(name: string, servers: readonly RunningSubject[], design: Setup['design']): Promise<void> {
    const { progress, settings } = this.#options
    const pids = servers.flatMap((server) => server.pids)
    await this.#behindEdge(servers, false, async (edge) => {
      let costBefore = Number.POSITIVE_INFINITY
      for (let nth = 1; nth <= MOST_WARMUPS; nth++) {
        progress(`warming ${servers.length} ${name} up, ${nth} of ${MOST_WARMUPS} times at most`)
        const before = cpuUsage(pids)
        const connections = settings.connectionsPerReplica * servers.length
        const load = this.#load(edge, design, 'saturation', connections, 0)
        const { requests } = await this.#generate(load, settings.warmupSeconds)
        const cost = usedBetween(before, cpuUsage(pids)).busySeconds / Math.max(1, requests)
        if (cost > costBefore * WARM_SHARE) return
        costBefore = cost
      }
    })
  }

  async measureInTurns(): Promise<ScaleSlot[]> {
    const { rounds } = this.#options.settings
    const slots: ScaleSlot[] = []
    for (let round = 1; round <= rounds; round++) {
      for (const setup of setupsOf(this.#options.settings)) {
        await this.#behindEdge(this.#serversOf(setup), setup.microcache, async (edge) => {
          for (const load of setup.loads) {
            const slot = await this.#measure(edge, setup, load)
            slots.push(slot)
            this.#tell(round, slot)
          }
        })
      }
    }
    return slots
  }

  end(): Promise<void> {
    return this.#generator.close()
  }

  #serversOf({ design, replicas }: Setup): readonly RunningSubject[] {
    const { deployment } = this.#options
    if (design === 'before') return [deployment.before]
    return (design === 'bare' ? deployment.bare : deployment.replicas).slice(0, replicas)
  }

  /** An NGINX of its own for each setup: its microcache and its connections start empty. */
  async #behindEdge(
    servers: readonly RunningSubject[],
    microcache: boolean,
    use: (edge: NginxServer) => Promise<void>,
  ): Promise<void> {
    this.#options.signal.throwIfAborted()
    const edge = await startEdge(servers, { EDGE_CACHE: microcache ? 'on' : 'off' })
    try {
      await use(edge)
    } catch (error) {
      // NGINX ends once no client holds on to it.
      await this.#generator.close()
      throw error
    } finally {
      await edge.close()
    }
  }

  async #measure(edge: NginxServer, setup: Setup, kind: LoadKind): Promise<ScaleSlot> {
    const { deployment, settings } = this.#options
    const { slotSeconds, connectionsPerReplica, quota } = settings
    const connections = kind === 'saturation' ? connectionsPerReplica * setup.replicas : PACED_CONNECTIONS
    const settleSeconds = Math.min(slotSeconds, SETTLE_SECONDS[setup.microcache ? 'microcache' : 'plain'])
    const key = `${setup.name} ${kind}`
    const rate = kind === 'saturation' ? (this.#rates.get(key) ?? 0) : kind
    const prepare = Math.ceil(rate * (slotSeconds + settleSeconds) * PREPARED_SHARE)
    const pids = this.#serversOf(setup).flatMap((server) => server.pids)
    const looks: Look[] = []
    const look = (): void =>
      void looks.push({ replicas: cpuUsage(pids), machine: machineUsage(), atMs: performance.now() })

    // Connections are opened without a quota: that is the generator's doing, which does it anew for each slot.
    deployment.unlimit()
    const hooks = { onOpen: () => deployment.limit(quota), onBegin: look, onEnd: look }
    const startedAt = new Date().toISOString()
    const load = this.#load(edge, setup.design, kind, connections, prepare)
    const report = await this.#generate(load, slotSeconds, hooks, settleSeconds)
    this.#rates.set(key, report.requests / report.seconds)
    const { lateness } = report
    return {
      setup: setup.name,
      load: kind,
      startedAt,
      seconds: report.seconds,
      requests: report.requests,
      statuses: report.statuses,
      errors: report.errors + report.timeouts,
      checked: report.checked,
      wrong: report.wrong,
      wrongAnswers: report.wrongAnswers,
      latencies: report.latencies,
      ...usedOf(looks, report.requests, quota.cores * setup.replicas),
      generatorUtilization: report.utilization,
      ...(lateness === undefined
        ? {}
        : { p99Lateness: decodeHistogram(lateness).getValueAtPercentile(99), unsent: report.unsent }),
    }
  }

  #generate(load: Load, seconds: number, hooks: SlotHooks = {}, settleSeconds = 0): Promise<LoadReport> {
    const loading = this.#generator.run(load, seconds * 1000, hooks, settleSeconds * 1000)
    // Whoever loses the race may still fail.
    loading.catch(() => undefined)
    return Promise.race([loading, this.#options.deployment.died, this.#aborted])
  }

  #load(
    edge: NginxServer,
    design: Setup['design'],
    kind: LoadKind,
    connections: number,
    prepare: number,
  ): Load {
    const { settings, answerBytes } = this.#options
    const { workspaces, seed, sampleOneIn } = settings
    return {
      origin: edge.url,
      answers: design === 'bare' ? { kind: 'fixed', bytes: answerBytes } : { kind: 'samples' },
      scenario: asked(workspaces),
      connections,
      arrivals: kind === 'saturation' ? undefined : { requestsPerSecond: kind, arrivals: 'poisson' },
      seed: [seed, this.#loads++],
      prepare,
      sampleOneIn,
    }
  }

  #tell(round: number, { setup, load, requests, seconds }: ScaleSlot): void {
    const { settings, progress } = this.#options
    const kind = load === 'saturation' ? 'at saturation' : `at ${load} requests/s`
    const rate = Math.round(requests / seconds).toLocaleString('en-GB')
    progress(`round ${round} of ${settings.rounds}: ${setup}, ${kind}: ${rate} answered a second`)
  }
}

interface Look {
  readonly replicas: CpuUsage
  readonly machine: MachineUsage
  readonly atMs: number
}

/** What was used between the first look and the last. */
function usedOf(
  looks: readonly Look[],
  requests: number,
  quotaCores: number,
): Pick<ScaleSlot, 'quotaUsed' | 'cpuPerRequest' | 'machineIdle'> {
  const [before] = looks
  const after = looks.at(-1)
  if (before === undefined || after === undefined) return { quotaUsed: 0, cpuPerRequest: 0, machineIdle: 0 }
  const { busySeconds } = usedBetween(before.replicas, after.replicas)
  const seconds = (after.atMs - before.atMs) / 1000
  return {
    quotaUsed: busySeconds / (seconds * quotaCores),
    cpuPerRequest: (busySeconds / Math.max(1, requests)) * 1e6,
    machineIdle: idleBetween(before.machine, after.machine),
  }
}
