import type { FastifyInstance } from 'fastify'
import { buildApp, loadConfig } from 'photos-api'
import { openTestCouchdb, type RedisServer, startRedis } from 'photos-test-servers'
import type { Test } from 'tap'

/** A database of its own in a real store over HTTP; removed with the test. Resolves to what COUCHDB_URL is set to. */
export async function openDatabase(t: Test): Promise<string> {
  const couchdb = await openTestCouchdb()
  const database = await couchdb.createDatabase()
  t.teardown(async () => {
    await database.remove()
    await couchdb.stop()
  })
  return database.urls.join(',')
}

/** A real Redis, killed with the test. */
export async function openRedis(t: Test): Promise<RedisServer> {
  const redis = await startRedis()
  t.teardown(() => redis.close())
  return redis
}

/** The service as it is configured by these variables, closed with the test. */
export async function openConfigured(t: Test, env: NodeJS.ProcessEnv): Promise<FastifyInstance> {
  const app = await buildApp({ config: loadConfig({ LOG_LEVEL: 'silent', ...env }) })
  t.teardown(() => app.close())
  return app
}

/** Asks again and again until it is so; throws, saying what was waited for, where it never is. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const startedMs = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startedMs > 60_000) throw new Error(`not within a minute: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Both tiers are in use, and what they have is taken for current. */
export const untilShared = (app: FastifyInstance): Promise<void> =>
  until('the Redis tier is in use', () => {
    const { redis, store } = app.photoCache.metrics()
    return redis?.isTrusted === true && redis.busIsLive && store.feedIsLive
  })
