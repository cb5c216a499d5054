import { setTimeout as delay } from 'node:timers/promises'
import { repositoryContract } from 'photos-contract'
import { openCouchdbRepository } from 'photos-couchdb'
import type { ChangesOptions, PhotoRepository, ScanOptions } from 'photos-domain'
import { openTestCouchdb } from 'photos-test-servers'
import t from 'tap'
import { FaultyProxy } from './faulty-proxy.js'

const couchdb = await openTestCouchdb()
const proxies = await Promise.all(couchdb.serverUrls.map((url) => FaultyProxy.open(url)))
const loseAnswers = (loses: boolean): void => {
  for (const proxy of proxies) proxy.losesAnswers = loses
}
t.teardown(async () => {
  await Promise.all(proxies.map((proxy) => proxy.close()))
  await couchdb.stop()
})

const isCluster = couchdb.serverUrls.length > 1

/**
 * A scan and a feed read one copy of each document, which on a cluster may lag behind what was acknowledged: here they begin once the
 * copies have had time.
 */
function onceCopiesAgree(repository: PhotoRepository): PhotoRepository {
  const later = async function* <T>(iterate: () => AsyncIterable<T>): AsyncGenerator<T> {
    await delay(200)
    yield* iterate()
  }
  return new Proxy(repository, {
    get: (target, name) => {
      if (name === 'scan') return (options?: ScanOptions) => later(() => target.scan(options))
      if (name === 'changes') {
        return (options?: ChangesOptions) =>
          options?.live === true ? target.changes(options) : later(() => target.changes(options))
      }
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

await repositoryContract(t, {
  raisesVersions: isCluster
    ? 'the copies of a cluster vote, and what they disagree on is settled'
    : undefined,
  open: async () => {
    const database = await couchdb.createDatabase()
    const urls = proxies.map(({ url }) => `${url}/${database.name}`)
    const open = () => {
      const repository = openCouchdbRepository({
        urls,
        // Small ones, so that they are crossed.
        pageSize: 7,
        maxReadBatch: 5,
        maxWriteBatch: 5,
        heartbeatMs: 200,
        writeTimeoutMs: 3000,
      })
      return isCluster ? onceCopiesAgree(repository) : repository
    }
    return {
      repository: open(),
      reopen: async () => open(),
      outage: {
        begin: async () => void (await Promise.all(proxies.map((proxy) => proxy.cut()))),
        end: async () => void (await Promise.all(proxies.map((proxy) => proxy.mend()))),
      },
      lostAnswers: {
        begin: async () => loseAnswers(true),
        end: async () => loseAnswers(false),
      },
      dispose: () => database.remove(),
    }
  },
})
