import type { CpuQuota } from '../machine/cpu-groups.js'
import type { RunSettings } from '../run/result.js'
import type { Scenario } from '../scenario/schema.js'

/**
 * What the original design's authors published of their system on AWS t2.micro instances with 10,000,000 workspaces: the average
 * latency before it was scaled out, and after.
 */
export const PUBLISHED = {
  before: { requestsPerSecond: 400, meanMs: 2400 },
  after: { requestsPerSecond: 3400, meanMs: 27 },
} as const

/** What the experiment shall show. */
export const AIMS = {
  /** Of what as many replicas would answer if each answered as much as one alone: 7 of 8. */
  shareOfIdeal: 7 / 8,
  meanMs: 3,
  p99Ms: 15,
} as const

/** What is asked for: lists, as popular as in YCSB (B. F. Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", SoCC 2010). */
export const asked = (workspaces: number): Pick<Scenario, 'workspaces' | 'ids' | 'mix'> => ({
  workspaces,
  ids: { kind: 'zipf', exponent: 0.99 },
  mix: { collection: 1 },
})

export interface ScaleSettings extends Pick<RunSettings, 'threads' | 'seed' | 'sampleOneIn'> {
  readonly workspaces: number
  /** How many replicas there are, in turn; ascending. */
  readonly replicaCounts: readonly number[]
  /** Of each replica, and of Redis. */
  readonly quota: CpuQuota
  readonly rounds: number
  readonly slotSeconds: number
  readonly warmupSeconds: number
  /** At saturation, for each replica: enough that none of them ever waits for a request. */
  readonly connectionsPerReplica: number
}

/** Everything that is asked at once: as fast as it is answered, or so many requests a second. */
export type LoadKind = 'saturation' | number

/** The system in one of its sizes, and what it is put under. */
export interface Setup {
  readonly name: string
  readonly replicas: number
  /** `before`: without the caches of the service. `bare`: the control, bare Fastify in the place of the service. */
  readonly design: 'before' | 'full' | 'bare'
  readonly microcache: boolean
  readonly loads: readonly LoadKind[]
}

/**
 * Before scaling out, every number of replicas, and the whole system; and as the control, what one and as many processes of bare Fastify
 * answer in their place: what those lose against the ideal is the machine's doing.
 */
export function setupsOf({ replicaCounts }: Pick<ScaleSettings, 'replicaCounts'>): Setup[] {
  const { before, after } = PUBLISHED
  const most = Math.max(...replicaCounts)
  const named = (replicas: number): string => `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`
  return [
    {
      name: 'before',
      replicas: 1,
      design: 'before',
      microcache: false,
      loads: [before.requestsPerSecond, after.requestsPerSecond, 'saturation'],
    },
    ...replicaCounts.map((replicas): Setup => {
      const loads = [after.requestsPerSecond, 'saturation'] as const
      return { name: named(replicas), replicas, design: 'full', microcache: false, loads }
    }),
    ...[...new Set([1, most])].map(
      (replicas): Setup => ({
        name: `${replicas} bare Fastify`,
        replicas,
        design: 'bare',
        microcache: false,
        loads: ['saturation'],
      }),
    ),
    {
      name: `${named(most)}, microcache`,
      replicas: most,
      design: 'full',
      microcache: true,
      loads: [after.requestsPerSecond],
    },
  ]
}
