import { atRate, type Costs } from './costs.js'
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
  const readsOfOne = toCouchdb / processes
  const writesOfOne = writes / processes
  const readCopies = copies === 1 ? 1 : costs.couchdbClusterFactor.value
  return {
    edge: seconds(
      [requests - writes - toReplicas, costs.edgeHit.value],
      [toReplicas + writes, costs.edgePass.value],
    ),
    replicas: seconds(
      [toReplicas - toRedis, costs.memoryHit.value],
      [redisHits, costs.redisHit.value],
      [toCouchdb, atRate(costs.couchdbMiss, readsOfOne)],
      [writes, atRate(costs.cachedWrite, writesOfOne)],
      [heard, costs.heardWrite.value],
    ),
    redis: seconds(
      [redisHits, costs.redisPerHit.value],
      [toCouchdb, costs.redisPerFill.value],
      [writes, costs.redisPerWrite.value],
    ),
    couchdb: seconds(
      [toCouchdb * readCopies, atRate(costs.couchdbPerRead, readsOfOne)],
      [writes * copies, atRate(costs.couchdbPerWrite, writesOfOne)],
    ),
  }
}

/** CPU a second of so many operations a second, each of so many microseconds. */
const seconds = (...work: readonly (readonly [perSecond: number, microseconds: number])[]): number =>
  work.reduce((total, [perSecond, microseconds]) => total + (perSecond * microseconds) / 1e6, 0)
