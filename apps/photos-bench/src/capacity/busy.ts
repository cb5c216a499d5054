import type { Costs } from './costs.js'
import type { Flow, Tiers } from './flow.js'

/** How many cores each part keeps busy, without reserve. */
export interface Busy {
  readonly edge: number
  readonly replicas: number
  readonly redis: number
  readonly couchdb: number
}

/** @param copies of each document, CouchDB's `n` */
export function busyCores(
  { requests, writes, toReplicas, toRedis, toCouchdb }: Flow,
  { processes, cells }: Pick<Tiers, 'processes' | 'cells'>,
  costs: Costs,
  copies: number,
): Busy {
  const redisHits = toRedis - toCouchdb
  // Every process of a cell hears of every write that another one of its cell made.
  const heard = (writes / cells) * (processes - cells)
  return {
    edge: seconds([requests - writes - toReplicas, costs.edgeHit], [toReplicas + writes, costs.edgePass]),
    replicas: seconds(
      [toReplicas - toRedis, costs.memoryHit],
      [redisHits, costs.redisHit],
      [toCouchdb, costs.couchdbMiss],
      [writes, costs.cachedWrite],
      [heard, costs.heardWrite],
    ),
    redis: seconds(
      [redisHits, costs.redisPerHit],
      [toCouchdb, costs.redisPerFill],
      [writes, costs.redisPerWrite],
    ),
    couchdb: seconds(
      [toCouchdb * (copies === 1 ? 1 : costs.couchdbClusterFactor.value), costs.couchdbPerRead],
      [writes * copies, costs.couchdbPerWrite],
    ),
  }
}

/** CPU a second of so many operations a second, each of some cost in microseconds. */
const seconds = (
  ...work: readonly (readonly [perSecond: number, cost: { readonly value: number }])[]
): number => work.reduce((total, [perSecond, { value }]) => total + (perSecond * value) / 1e6, 0)
