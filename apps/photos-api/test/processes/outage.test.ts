import { startPouchdb } from 'photos-test-servers'
import t, { type Test } from 'tap'
import { PHOTO } from '../helpers/app.js'
import { openRedis, until } from '../helpers/cached-app.js'
import { type Answer, type Replica, startReplica } from '../helpers/replicas.js'

/** How long stale answers are given; the rest of the test takes some seconds. */
const STALE_SECONDS = Number(process.env['PHOTOS_OUTAGE_SECONDS'] ?? 60)
/** The last known time of an entry may be earlier than the outage by the beats that were under way, and by what a busy machine adds. */
const SLACK_SECONDS = 3
const SHORT_SECONDS = 2

const WORKSPACES = ['a', 'b', 'c', 'd', 'e']
const pathOf = (workspaceId: string): string => `/api/photos/workspace/${workspaceId}`
const statusOf = (answer: Answer): string => answer.header('cache-status')
const STALE_IN_MEMORY = 'photos; fwd=stale; detail=memory'
const STALE_IN_REDIS = 'photos; fwd=stale; detail=redis'

t.test(
  `without the database, what is cached is served for ${STALE_SECONDS} s, and nothing is lost`,
  async (t) => {
    const database = await startPouchdb()
    t.teardown(() => database.stop())
    const redis = await openRedis(t)
    const env = await environmentOf(database.url, redis.url)
    const long = { ...env, PHOTOS_CACHE_STALE_SECONDS: `${STALE_SECONDS}` }
    const [inMemory, inRedis, brief] = await Promise.all([
      startReplica(t, 'with both tiers', long),
      startReplica(t, 'with Redis alone', { ...long, PHOTOS_CACHE_MEMORY_MB: '0' }),
      startReplica(t, 'that is stale only briefly', {
        ...env,
        PHOTOS_CACHE_STALE_SECONDS: `${SHORT_SECONDS}`,
      }),
    ])
    const replicas = [inMemory, inRedis, brief]
    const acknowledged = new Map<string, string>()
    for (const workspaceId of WORKSPACES) {
      const written = await inMemory.ask(pathOf(workspaceId), { method: 'POST', body: PHOTO })
      t.equal(written.status, 201)
      acknowledged.set(workspaceId, written.header('etag'))
    }
    for (const replica of replicas) {
      for (const workspaceId of WORKSPACES) {
        await until(`${workspaceId} is cached by the replica ${replica.name}`, async () =>
          statusOf(await replica.ask(pathOf(workspaceId))).includes('; hit'),
        )
      }
    }
    /** Whether every workspace is answered with this status; whatever the status, each has to be answered as it was acknowledged. */
    const allAre = async (replica: Replica, status: string): Promise<boolean> => {
      const answers = await Promise.all(WORKSPACES.map((workspaceId) => replica.ask(pathOf(workspaceId))))
      const wrong = answers.filter(
        (answer, at) =>
          answer.status !== 200 || answer.header('etag') !== acknowledged.get(WORKSPACES[at] ?? ''),
      )
      if (wrong.length > 0) throw new Error(`${replica.name} answered ${JSON.stringify(wrong)}`)
      return answers.every((answer) => statusOf(answer) === status)
    }

    database.pause()
    const stoppedMs = performance.now()
    await Promise.all([
      until('both tiers answer stale', () => allAre(inMemory, STALE_IN_MEMORY)),
      until('Redis answers stale', () => allAre(inRedis, STALE_IN_REDIS)),
      refusesTheRest(t, inMemory, 'hangs'),
    ])
    await database.kill()
    await refusesTheRest(t, inRedis, 'is dead')
    await until(
      'the brief one has stopped answering',
      async () => (await brief.ask(pathOf('a'))).status === 503,
    )
    t.equal(await allAre(inMemory, STALE_IN_MEMORY), true, 'the other one goes on')
    t.equal((await inMemory.ask('/health/live')).status, 200)
    const ready = await inMemory.ask('/health/ready')
    t.equal(ready.status, 200, 'a balancer that took it out would take all of them out')
    t.match(ready.body, '"store":"away"')

    for (const [replica, status] of [
      [inMemory, STALE_IN_MEMORY],
      [inRedis, STALE_IN_REDIS],
    ] as const) {
      while (secondsSince(stoppedMs) < STALE_SECONDS - SLACK_SECONDS) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        if (!(await allAre(replica, status))) throw new Error(`${replica.name} did not say that it is stale`)
      }
    }
    t.pass(`every answer in ${STALE_SECONDS - SLACK_SECONDS} s was the one that was acknowledged`)
    for (const replica of [inMemory, inRedis]) {
      await until(`${replica.name} has stopped answering`, async () => {
        const answers = await Promise.all(WORKSPACES.map((workspaceId) => replica.ask(pathOf(workspaceId))))
        return answers.every(({ status, header }) => status === 503 && Number(header('retry-after')) >= 1)
      })
      t.ok(secondsSince(stoppedMs) >= STALE_SECONDS - SLACK_SECONDS)
    }

    await database.restart()
    for (const replica of replicas) {
      await until(`${replica.name} has its store again`, async () => {
        return (await replica.ask('/health/ready')).body.includes('"store":"ok"')
      })
      for (const workspaceId of WORKSPACES) {
        const answer = await replica.ask(pathOf(workspaceId), { headers: { 'cache-control': 'no-cache' } })
        t.equal(answer.status, 200)
        t.equal(answer.header('etag'), acknowledged.get(workspaceId), 'what was acknowledged is there')
      }
    }
    const written = await inRedis.ask(pathOf('a'), { method: 'POST', body: PHOTO })
    t.equal(written.status, 201)
    await until('all replicas know', async () => {
      const answers = await Promise.all(replicas.map((replica) => replica.ask(pathOf('a'))))
      return answers.every((answer) => answer.header('etag') === written.header('etag'))
    })
  },
)

/** What is not cached cannot be answered, and nothing can be written. */
async function refusesTheRest(t: Test, replica: Replica, what: string): Promise<void> {
  const [read, written] = await Promise.all([
    replica.ask(pathOf(`never-read-before-it-${what.replace(' ', '-')}`)),
    replica.ask(pathOf('written-to'), { method: 'POST', body: PHOTO }),
  ])
  for (const [request, answer] of Object.entries({ read, written })) {
    t.equal(answer.status, 503, `${request} while the database ${what}`)
    t.ok(Number(answer.header('retry-after')) >= 1, 'says when to try again')
    t.match(answer.header('content-type'), 'application/problem+json')
  }
}

async function environmentOf(serverUrl: string, redisUrl: string): Promise<NodeJS.ProcessEnv> {
  const url = `${serverUrl}/photos-outage`
  const { status } = await fetch(url, { method: 'PUT' })
  if (status !== 201) throw new Error(`making the database answered ${status}`)
  return { COUCHDB_URL: url, REDIS_URL: redisUrl }
}

const secondsSince = (ms: number): number => (performance.now() - ms) / 1000
