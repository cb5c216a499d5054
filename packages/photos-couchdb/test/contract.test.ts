import { repositoryContract } from 'photos-contract'
import { openCouchdbRepository } from 'photos-couchdb'
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

const ofCluster = {
  raisesVersions: 'the copies of a cluster vote, and what they disagree on is settled',
  writesListedWithinMs: 5000,
}

await repositoryContract(t, {
  ...(couchdb.serverUrls.length > 1 ? ofCluster : {}),
  open: async () => {
    const database = await couchdb.createDatabase()
    const urls = proxies.map(({ url }) => `${url}/${database.name}`)
    const open = () =>
      openCouchdbRepository({
        urls,
        // Small ones, so that they are crossed.
        pageSize: 7,
        maxReadBatch: 5,
        maxWriteBatch: 5,
        heartbeatMs: 200,
        writeTimeoutMs: 3000,
      })
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
