import { type Busy, busyCores } from './busy.js'
import type { Costs } from './costs.js'
import { type Demand, type Flow, flowOf, type Tiers } from './flow.js'
import { cheapestFleet, DISK_DOLLARS_PER_BYTE_MONTH, type Fleet, type Need, times } from './instances.js'

export interface Settings {
  /** In each process, `PHOTOS_CACHE_MEMORY_MB`. */
  readonly memoryTierBytes: number
  /** `maxmemory` of all Redis servers together; absent: what makes the whole cheapest. */
  readonly redisBytes?: number | undefined
  /** What of a core is used when all is well: the rest is for peaks, failures and what else there is to do. */
  readonly utilization: number
  /** Copies of each document, CouchDB's `n`. */
  readonly copies: number
}

export const DEFAULT_SETTINGS: Settings = { memoryTierBytes: 64 * 2 ** 20, utilization: 0.6, copies: 3 }

export interface Plan {
  readonly demand: Demand
  /** As many as there have to be Redis servers. NGINX tells by the workspace which one is asked. */
  readonly cells: number
  readonly processes: number
  readonly redisBytes: number
  readonly flow: Flow
  readonly busy: Busy
  readonly fleets: Readonly<Record<keyof Busy, Fleet>>
  /** Of all copies, with what compaction needs. */
  readonly diskBytes: number
  /** Shards of each cell's database. */
  readonly q: number
  /** Machines and disks, without traffic. */
  readonly dollarsPerMonth: number
}

/** An answer's headers, and what TCP and IP add. */
const OVERHEAD_BYTES = 450
const BITS = 8
/** A shard of CouchDB is best kept below this (https://cloud.ibm.com/docs/Cloudant?topic=Cloudant-documents). */
const SHARD_BYTES = 10e9
/** A file is compacted when half of it is of no use, into a new one beside it, one shard at a time. */
const FULL_OF_OLD = 2
/** 64 MiB to 4 TiB. */
const REDIS_CHOICES = Array.from({ length: 17 }, (_, power) => 2 ** (power + 26))
/** A node of CouchDB is not run on less. */
const NODE_BYTES = 1e9
/** A replica, NGINX or a node of CouchDB that is lost must leave another one. */
const REDUNDANT = 2
/** How often the numbers of machines are put back into the shares of hits that they follow from. */
const ROUNDS = 20
const MOST_CELLS = 10_000

/** The cheapest plan for a load. @throws RangeError where no number of the machines there are is enough */
export function planFor(demand: Demand, costs: Costs, settings: Settings = DEFAULT_SETTINGS): Plan {
  const choices = settings.redisBytes === undefined ? REDIS_CHOICES : [settings.redisBytes]
  const plans = choices.flatMap((redisBytes) => withEnoughCells(demand, costs, settings, redisBytes) ?? [])
  const [cheapest] = plans.sort((a, b) => a.dollarsPerMonth - b.dollarsPerMonth)
  if (cheapest === undefined) throw new RangeError('no machines that are listed are enough')
  return cheapest
}

/** Cells are added until the Redis of each fits on a machine and can serve what it is asked. */
function withEnoughCells(
  demand: Demand,
  costs: Costs,
  settings: Settings,
  redisBytes: number,
): Plan | undefined {
  for (let cells = 1; cells <= MOST_CELLS; cells = Math.ceil(cells * 1.1)) {
    const plan = withCells(demand, costs, settings, redisBytes, cells)
    if (plan !== undefined) return plan
  }
  return undefined
}

function withCells(
  demand: Demand,
  costs: Costs,
  settings: Settings,
  redisBytes: number,
  cells: number,
): Plan | undefined {
  const { memoryTierBytes, utilization, copies } = settings
  let tiers: Tiers = { edges: REDUNDANT, processes: REDUNDANT * cells, cells, memoryTierBytes, redisBytes }
  for (let round = 0; ; round++) {
    const flow = flowOf(demand, tiers, costs)
    const busy = busyCores(flow, tiers, costs, copies)
    const fleets = fleetsFor(flow, busy, tiers, costs, settings)
    if (fleets === undefined) return undefined
    if (round === ROUNDS) return planOf(demand, costs, settings, { tiers, flow, busy, fleets })
    const processes = cells * Math.max(REDUNDANT, Math.ceil(busy.replicas / utilization / cells))
    tiers = { ...tiers, edges: fleets.edge.machines, processes }
  }
}

/** Machines of each part; undefined where one Redis server of a cell would not do. */
function fleetsFor(
  { requests, writes, toReplicas, toRedis, toCouchdb }: Flow,
  busy: Busy,
  { cells, processes, memoryTierBytes, redisBytes }: Tiers,
  costs: Costs,
  { utilization, copies }: Settings,
): Plan['fleets'] | undefined {
  const answerBits = (costs.answerBytes.value + OVERHEAD_BYTES) * BITS
  // A Redis server takes commands in one thread.
  if (busy.redis / cells > utilization) return undefined
  const ofCell = (
    cores: number,
    memoryBytes: number,
    answers: number,
    machines: Pick<Need, 'atLeast' | 'atMost' | 'bytesOfEach'>,
  ): Fleet | undefined => {
    const fleet = cheapestFleet({
      cores: cores / utilization / cells,
      memoryBytes: memoryBytes / cells,
      networkBitsPerSecond: (answers * answerBits) / cells,
      ...machines,
    })
    return fleet && times(fleet, cells)
  }
  const edge = cheapestFleet({
    cores: busy.edge / utilization,
    memoryBytes: 0,
    networkBitsPerSecond: Math.max(requests, toReplicas + writes) * answerBits,
    atLeast: REDUNDANT,
  })
  const processBytes = costs.replicaBytes.value + memoryTierBytes
  const replicas = ofCell(busy.replicas, processes * processBytes, toReplicas + writes + toRedis, {
    atLeast: REDUNDANT,
    atMost: Math.ceil(processes / cells),
  })
  const redis = ofCell(busy.redis, redisBytes, toRedis + writes, { atLeast: 1, atMost: 1 })
  const couchdb = ofCell(busy.couchdb, 0, (toCouchdb + writes) * copies, {
    atLeast: copies,
    bytesOfEach: NODE_BYTES,
  })
  return edge && replicas && redis && couchdb && { edge, replicas, redis, couchdb }
}

function planOf(
  demand: Demand,
  costs: Costs,
  { utilization, copies }: Settings,
  { tiers, flow, busy, fleets }: Pick<Plan, 'flow' | 'busy' | 'fleets'> & { readonly tiers: Tiers },
): Plan {
  const { cells, processes, redisBytes } = tiers
  const documentBytes = demand.workspaces * costs.couchdbBytesPerWorkspace.value
  const diskBytes = copies * (documentBytes * FULL_OF_OLD + Math.min(documentBytes, SHARD_BYTES * cells))
  const machines = Object.values(fleets).reduce((total, { dollarsPerMonth }) => total + dollarsPerMonth, 0)
  const q = Math.max(
    2,
    Math.ceil(documentBytes / cells / SHARD_BYTES),
    // Writes to one shard go through one process: a shard for each core.
    Math.ceil(busy.couchdb / utilization / cells / copies),
  )
  return {
    demand,
    cells,
    processes,
    redisBytes,
    flow,
    busy,
    fleets,
    diskBytes,
    q,
    dollarsPerMonth: machines + diskBytes * DISK_DOLLARS_PER_BYTE_MONTH,
  }
}
