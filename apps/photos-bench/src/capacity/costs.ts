/** One measured figure. */
export interface Cost {
  readonly value: number
  readonly unit: 'µs of CPU' | 'bytes' | 'times' | 'cores'
  /** What measured it: a load of `bench costs`, or where it is written down. */
  readonly source: string
}

/**
 * What gets cheaper the more of it one replica does, as it goes to CouchDB in larger batches. Between the measured points it is taken
 * to go straight.
 */
export interface BatchedCost {
  /** Operations a second of one replica, and µs of CPU for each; rates ascending. */
  readonly points: readonly (readonly [perSecond: number, microseconds: number])[]
  readonly unit: 'µs of CPU'
  readonly source: string
}

const cpu = (value: number, source: string): Cost => ({ value, unit: 'µs of CPU', source })
const bytes = (value: number, source: string): Cost => ({ value, unit: 'bytes', source })
const batched = (points: BatchedCost['points'], source: string): BatchedCost => ({
  points,
  unit: 'µs of CPU',
  source,
})

/**
 * What one request costs each part: CPU of one core of the machine that it was measured on (AMD EPYC, 2 cores which servers and
 * generator shared, at an hour at which a bare Fastify route cost 15 to 17 µs). This is the only place for these figures: measure them with
 * `bench costs`, and the plan follows.
 */
export const COSTS = {
  /** NGINX, answering from its microcache, with a line in the access log. */
  edgeHit: cpu(17.2, 'NGINX hit: 17.3, of which 1 % were passed on'),
  /** NGINX, asking a replica; writes too. */
  edgePass: cpu(28.7, 'NGINX pass: 28.1, of which 5 % were hits'),
  /** A replica over the embedded store; without NGINX before it 18. */
  embeddedRead: cpu(24.6, 'NGINX pass'),
  embeddedWrite: cpu(89, 'embedded write'),
  /** A replica, answering from its in-process tier. */
  memoryHit: cpu(15.2, 'in-process hit'),
  /** A replica, answering from Redis and keeping the record in process, in the place of another. */
  redisHit: cpu(31.1, 'Redis hit, kept in process in the place of another'),
  /** A replica, reading CouchDB. */
  couchdbMiss: batched(
    [
      [5760, 57],
      [8000, 47.7],
    ],
    'CouchDB read, 64 and 256 connections',
  ),
  /** A replica, writing to CouchDB through both tiers, with the read before the write where its workspace was not at hand. */
  cachedWrite: batched(
    [
      [479, 854],
      [2780, 203],
    ],
    'both tiers, Zipf 0.99, 5 % writes, less its reads; write through both tiers',
  ),
  /** A replica, being told of a write that another one made. */
  heardWrite: cpu(11.6, 'write through both tiers, a second replica'),
  redisPerHit: cpu(3.74, 'Redis hit'),
  /** A miss, the lease and the entry. */
  redisPerFill: cpu(43.6, 'write through both tiers'),
  redisPerWrite: cpu(43.6, 'write through both tiers'),
  /** CouchDB, for one copy. */
  couchdbPerRead: batched(
    [
      [1000, 1300],
      [5760, 210],
      [8000, 135],
    ],
    '1,000 single reads a second fill a node of 2 cores; CouchDB read, 64 and 256 connections',
  ),
  /** With the read before the write, as above. */
  couchdbPerWrite: batched(
    [
      [479, 1870],
      [2780, 304],
    ],
    'both tiers, Zipf 0.99, 5 % writes; write through both tiers',
  ),
  /** A read of a cluster of three, against one of a single node. */
  couchdbClusterFactor: {
    value: 2.5,
    unit: 'times',
    source: 'batches of 128, 4 at once: 11,200 documents/s of one node, 4,500 of three on the same cores',
  },
  /** The load generator beside them, which a check on one machine has to pay too. */
  generator: cpu(20.3, 'NGINX pass'),
  /** What the two cores give when everything is beside each other: the rest is waiting for each other. */
  usableCores: {
    value: 1.67,
    unit: 'cores',
    source: 'NGINX pass: 22,700 requests/s of 71.8 µs; Redis hit: 36,700 of 46.7 µs',
  },
  answerBytes: bytes(970, 'photos-samples: 4 to 7 photos'),
  /** Of the data file, with its index of changes. */
  embeddedBytesPerWorkspace: bytes(1650, 'bench sizes'),
  memoryBytesPerRecord: bytes(
    1830,
    'photos-cache: 700 for a slot, its texts, 970 for the photos; a sixteenth of the tier is for texts',
  ),
  /** With all that Redis needs for it. */
  redisBytesPerRecord: bytes(1405, 'Redis hit'),
  couchdbBytesPerWorkspace: bytes(874, 'photos seed, 1,000,000 workspaces'),
  /** A replica, without its in-process tier. */
  replicaBytes: bytes(128e6, 'bench run embedded-collections: own memory'),
} as const satisfies Readonly<Record<string, Cost | BatchedCost>>

export type Costs = {
  readonly [Name in keyof typeof COSTS]: (typeof COSTS)[Name] extends BatchedCost ? BatchedCost : Cost
}

/** µs of CPU for one operation, when a replica does so many a second. */
export function atRate({ points }: BatchedCost, perSecond: number): number {
  let [lower] = points
  if (lower === undefined) throw new RangeError('a cost has no points')
  for (const upper of points) {
    if (perSecond <= upper[0]) {
      const [fromRate, from] = lower
      const [toRate, to] = upper
      return fromRate === toRate || perSecond <= fromRate
        ? from
        : from + ((to - from) * (perSecond - fromRate)) / (toRate - fromRate)
    }
    lower = upper
  }
  return lower[1]
}
