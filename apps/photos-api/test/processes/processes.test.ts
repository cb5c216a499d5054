import { once } from 'node:events'
import { connect } from 'node:net'
import type { RedisServer } from 'photos-test-servers'
import t from 'tap'
import { openDatabase, openRedis } from '../helpers/cached-app.js'
import { metricOf, startReplica } from '../helpers/replicas.js'
import { Load } from './load.js'

/** How long the replicas are under load. */
const SECONDS = Number(process.env['PHOTOS_PROOF_SECONDS'] ?? 60)
const CLIENTS_OF_EACH_REPLICA = 8

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

t.test(
  `two replicas under load for ${SECONDS} s, whatever befalls Redis or one of them, are never wrong`,
  async (t) => {
    const redis = await openRedis(t)
    const env = { COUCHDB_URL: await openDatabase(t), REDIS_URL: redis.url }
    const replicas = await Promise.all(['one', 'other'].map((name) => startReplica(t, name, env)))
    const load = new Load(replicas)
    await load.prepare()
    const faults: readonly (() => Promise<void>)[] = [
      async () => {
        await redis.kill()
        await pause(2000)
        await redis.start()
      },
      async () => {
        redis.pause()
        await pause(2000)
        redis.resume()
      },
      () => flushAll(redis),
      async () => {
        await redis.kill()
        await redis.start()
      },
      ...replicas.map(({ child }) => async () => {
        child.kill('SIGSTOP')
        await pause(1500)
        child.kill('SIGCONT')
      }),
      async () => {
        // Shorter than what takes the tier out: calls are just late.
        redis.pause()
        await pause(30)
        redis.resume()
      },
    ]

    const running = load.run(CLIENTS_OF_EACH_REPLICA)
    const startedMs = performance.now()
    let befallen = 0
    for (; befallen < faults.length || performance.now() - startedMs < SECONDS * 1000; befallen++) {
      await pause(1500)
      await faults[befallen % faults.length]?.()
    }
    load.stop()
    await running
    await load.readAll()

    t.same(load.failures, [], 'every request is answered with 200')
    const { violations, reads } = load.check({ maxStalenessMs: 1000, maxMarkedStalenessMs: 61_000 })
    t.same(violations, [], 'no answer breaks a promise')
    t.comment(`${reads} reads, ${load.writes} writes, ${befallen} faults`, Object.fromEntries(load.statuses))

    // Otherwise nothing would be proven.
    for (const status of [
      'photos; hit; detail=memory',
      'photos; hit; detail=redis',
      'photos; fwd=request; stored',
    ]) {
      t.ok(Number(load.statuses.get(status)) > 0, `some were answered with ${status}`)
    }
    for (const replica of replicas) {
      t.ok((await metricOf(replica, 'photos_cache_redis_outages_total')) > 1, `${replica.name} lost Redis`)
    }
  },
)

async function flushAll({ host, port }: RedisServer): Promise<void> {
  const socket = connect(port, host)
  socket.write('FLUSHALL\r\n')
  const [answer] = await once(socket, 'data')
  if (String(answer) !== '+OK\r\n') throw new Error(`FLUSHALL answered ${answer}`)
  socket.destroy()
}
