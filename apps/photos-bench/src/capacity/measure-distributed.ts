import { sampleWorkspaceId } from 'photos-samples'
import { type RedisServer, startRedis } from 'photos-test-servers'
import { couchdbData } from '../data/couchdb-data.js'
import { SetupError } from '../errors.js'
import { memoryUsage } from '../machine/process-usage.js'
import { startService } from '../subjects/service.js'
import type { RunningSubject } from '../subjects/subject.js'
import { type MeasuredDemand, measureLoad } from './measured-load.js'
import {
  CONNECTIONS,
  HOT,
  type MeasuredPart,
  type MeasureOptions,
  READS,
  UNIFORM,
  WRITES,
  warm,
  ZIPF,
} from './measured-part.js'

interface Shape {
  readonly name: string
  readonly settings: Readonly<Record<string, string>>
  readonly load: Pick<MeasuredDemand, 'ids' | 'mix'>
  readonly connections?: number
  /** Whether every workspace is read once before: a replica takes from Redis only what it knows to be current. */
  readonly isFilled?: boolean
  /** Whether a second replica is there, which is asked for nothing and hears of every write. */
  readonly isHeard?: boolean
}

const NO_CACHE = { PHOTOS_CACHE: 'off' }
/** Small enough that not everything fits. */
const SMALL = { PHOTOS_CACHE_MEMORY_MB: '4' }

/** Writes come last: what they leave is not what was seeded. */
const SHAPES: readonly Shape[] = [
  { name: 'in-process hit, 1,000 workspaces', settings: {}, load: { ids: HOT, mix: READS } },
  {
    name: 'Redis hit, kept in process in the place of another',
    settings: SMALL,
    load: { ids: UNIFORM, mix: READS },
    isFilled: true,
  },
  { name: 'both tiers, Zipf 0.99', settings: SMALL, load: { ids: ZIPF, mix: READS }, isFilled: true },
  { name: 'CouchDB read, 64 connections', settings: NO_CACHE, load: { ids: UNIFORM, mix: READS } },
  {
    name: 'CouchDB read, 256 connections',
    settings: NO_CACHE,
    load: { ids: UNIFORM, mix: READS },
    connections: 256,
  },
  {
    name: 'CouchDB write, 256 connections',
    settings: NO_CACHE,
    load: { ids: UNIFORM, mix: WRITES },
    connections: 256,
  },
  {
    name: 'write through both tiers',
    settings: {},
    load: { ids: UNIFORM, mix: WRITES },
    connections: 256,
    isHeard: true,
  },
  {
    name: 'both tiers, Zipf 0.99, 5 % writes',
    settings: SMALL,
    load: { ids: ZIPF, mix: { collection: 95, update: 5 } },
    isFilled: true,
  },
]

/**
 * What a request costs each server of the distributed shape: each tier alone, CouchDB without a cache, and all together.
 * @param couchdbPid absent: what CouchDB itself uses is not measured
 */
export async function measureDistributed(
  options: MeasureOptions,
  couchdbPid: number | undefined,
): Promise<MeasuredPart[]> {
  const data = await couchdbData({ ...options, changesData: true })
  const redis = await startRedis({ settings: { maxmemory: '4gb' } })
  const bench = new DistributedBench(options, data.urls, redis, couchdbPid)
  try {
    const parts = [await bench.redisHit()]
    for (const shape of SHAPES) parts.push(await bench.measure(shape))
    return parts
  } finally {
    await redis.close()
    await data.release()
  }
}

class DistributedBench {
  readonly #options: MeasureOptions
  readonly #urls: readonly string[]
  readonly #redis: RedisServer
  readonly #couchdbPid: number | undefined

  constructor(
    options: MeasureOptions,
    urls: readonly string[],
    redis: RedisServer,
    couchdbPid: number | undefined,
  ) {
    this.#options = options
    this.#urls = urls
    this.#redis = redis
    this.#couchdbPid = couchdbPid
  }

  /** Every workspace is put into Redis first, which tells what it needs for each. */
  async redisHit(): Promise<MeasuredPart> {
    const { workspaces } = this.#options
    const before = this.#redisBytes()
    let after = before
    const shape = {
      name: 'Redis hit, all workspaces',
      settings: { PHOTOS_CACHE_MEMORY_MB: '0' },
      load: { ids: UNIFORM, mix: READS },
      isFilled: true,
    }
    const part = await this.measure(shape, () => {
      after = this.#redisBytes()
    })
    return { ...part, redisBytesPerRecord: (after - before) / workspaces }
  }

  async measure(
    { name, settings, load, connections = CONNECTIONS, isFilled = false, isHeard = false }: Shape,
    onFilled: () => void = () => {},
  ): Promise<MeasuredPart> {
    const { workspaces, seconds, progress } = this.#options
    progress(`measuring ${name}`)
    const start = (): Promise<RunningSubject> =>
      startService('cached', {}, { ...this.#addresses(settings), ...settings }, async () => {})
    const service = await start()
    const listener = isHeard ? await start() : undefined
    try {
      if (isFilled) await readAll(service.origin, workspaces)
      onFilled()
      const pids = {
        service: service.pids,
        redis: [this.#redisPid()],
        ...(listener === undefined ? {} : { listener: listener.pids }),
        ...(this.#couchdbPid === undefined ? {} : { couchdb: [this.#couchdbPid] }),
      }
      const demand = { origin: service.origin, workspaces, connections, seconds, ...load }
      await warm(demand)
      const before = await answersOf(service.origin)
      const measured = await measureLoad(demand, pids)
      return { name, ...measured, shares: sharesOf(before, await answersOf(service.origin)) }
    } finally {
      await listener?.stop()
      await service.stop()
    }
  }

  #addresses(settings: Shape['settings']): Record<string, string> {
    const couchdb = { COUCHDB_URL: this.#urls.join(',') }
    return settings === NO_CACHE ? couchdb : { ...couchdb, REDIS_URL: this.#redis.url }
  }

  #redisBytes(): number {
    return memoryUsage([this.#redisPid()]).anonymousBytes
  }

  #redisPid(): number {
    const { pid } = this.#redis
    if (pid === undefined) throw new SetupError('redis-server is not running')
    return pid
  }
}

const READERS = 128

/** Reads every workspace once. */
async function readAll(origin: string, workspaces: number): Promise<void> {
  let next = 0
  const reader = async (): Promise<void> => {
    while (next < workspaces) {
      const answer = await fetch(`${origin}/api/photos/workspace/${sampleWorkspaceId(next++)}`)
      await answer.arrayBuffer()
      if (!answer.ok) throw new SetupError(`status ${answer.status} of a sample workspace`)
    }
  }
  await Promise.all(Array.from({ length: READERS }, reader))
}

/** How many reads each tier has answered since the start. */
interface Answers {
  readonly memory: number
  readonly redis: number
  readonly couchdb: number
}

async function answersOf(origin: string): Promise<Answers> {
  const text = await (await fetch(`${origin}/metrics`)).text()
  const count = (name: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1] ?? 0,
    )
  return {
    memory: count('photos_cache_reads_total{tier="memory",result="hit"}'),
    redis: count('photos_cache_reads_total{tier="redis",result="hit"}'),
    couchdb: count('photos_cache_store_reads_total'),
  }
}

/** undefined where there is no cache to tell. */
function sharesOf(before: Answers, after: Answers): Record<string, number> | undefined {
  const memory = after.memory - before.memory
  const redis = after.redis - before.redis
  const couchdb = after.couchdb - before.couchdb
  const all = memory + redis + couchdb
  return all === 0 ? undefined : { memory: memory / all, redis: redis / all, couchdb: couchdb / all }
}
