/** One measured figure. */
export interface Cost {
  readonly value: number
  readonly unit: 'µs of CPU' | 'bytes' | 'times'
  /** What measured it: a load of `bench costs`, or where it is written down. */
  readonly source: string
}

const cpu = (value: number, source: string): Cost => ({ value, unit: 'µs of CPU', source })
const bytes = (value: number, source: string): Cost => ({ value, unit: 'bytes', source })

/**
 * What one request costs each part, on one core of the machine that it was measured on: AMD EPYC, 2 cores, with all servers and the
 * generator beside each other. This is the only place for these figures: measure them with `bench costs`, and the plan follows.
 */
export const COSTS = {
  /** NGINX, answering from its microcache. */
  edgeHit: cpu(17, 'bench costs: NGINX hit'),
  /** NGINX, asking a replica; writes too. */
  edgePass: cpu(35, 'bench costs: NGINX pass'),
  /** A replica over the embedded store. */
  embeddedRead: cpu(28, 'bench costs: embedded read, all workspaces'),
  embeddedWrite: cpu(100, 'bench costs: embedded write'),
  /** A replica, answering from its in-process tier. */
  memoryHit: cpu(20, 'bench costs: in-process hit'),
  /** A replica, answering from Redis. */
  redisHit: cpu(35, 'bench costs: Redis hit'),
  /** A replica, reading CouchDB and filling both tiers. */
  couchdbMiss: cpu(60, 'bench costs: CouchDB read, 256 connections'),
  /** A replica, writing to CouchDB through both tiers. */
  cachedWrite: cpu(200, 'bench costs: write through both tiers'),
  /** A replica, being told of a write that another one made. */
  heardWrite: cpu(10, 'bench costs: write through both tiers, heard by a second replica'),
  redisPerHit: cpu(8, 'bench costs: Redis hit'),
  redisPerFill: cpu(50, 'bench costs: write through both tiers'),
  redisPerWrite: cpu(50, 'bench costs: write through both tiers'),
  /** One copy of a document, read in a batch. */
  couchdbPerRead: cpu(160, 'bench costs: CouchDB read, 256 connections'),
  couchdbPerWrite: cpu(800, 'bench costs: CouchDB write, 256 connections'),
  /** A read of a cluster of three, against one of a single node. */
  couchdbClusterFactor: {
    value: 2.5,
    unit: 'times',
    source: 'batches of 128, 4 at once: 11,200 documents/s of one node, 4,500 of three on the same cores',
  },
  /** The load generator beside them, which a check on one machine has to pay too. */
  generator: cpu(38, 'bench costs'),
  answerBytes: bytes(970, 'photos-samples: 4 to 7 photos'),
  /** Of the data file, with its index of changes. */
  embeddedBytesPerWorkspace: bytes(1650, 'bench sizes'),
  memoryBytesPerRecord: bytes(1720, 'photos-cache: 700 bytes for the slot, its texts, 970 for the photos'),
  redisBytesPerRecord: bytes(1500, 'bench costs: Redis hit'),
  couchdbBytesPerWorkspace: bytes(1200, 'photos seed'),
  /** A replica, without its in-process tier. */
  replicaBytes: bytes(120e6, 'bench run embedded-collections: own memory'),
} as const satisfies Readonly<Record<string, Cost>>

export type Costs = Readonly<Record<keyof typeof COSTS, Cost>>
