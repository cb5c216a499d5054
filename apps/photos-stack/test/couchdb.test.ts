import { openTestCouchdb } from 'photos-test-servers'
import { test } from 'tap'
import { Stack } from '../dist/stack.js'
import { addPhoto, send, workspacePath } from './helpers/client.js'
import { FIRST_PORT } from './helpers/edge.js'

test('with COUCHDB_URL the replicas share that database and a Redis, which go on and end with the stack', async (t) => {
  const couchdb = await openTestCouchdb()
  t.teardown(() => couchdb.stop())
  const database = await couchdb.createDatabase()
  t.teardown(() => database.remove())
  const stack = await Stack.start({
    port: FIRST_PORT + 9,
    replicas: 2,
    firstReplicaPort: FIRST_PORT,
    env: { COUCHDB_URL: database.urls.join(','), REDIS_URL: '' },
    log: () => undefined,
  })
  t.teardown(() => stack.close())
  const { store, redis, replicas } = await stack.status()
  t.equal(store, 'CouchDB')
  t.match(redis, /^redis:\/\/127\.0\.0\.1:\d+$/)
  await addPhoto(stack.url, 'acme', 'a photo', { 'idempotency-key': 'key' })
  for (const { port } of replicas) {
    const answer = await send(`http://127.0.0.1:${port}${workspacePath('acme')}`, {
      headers: { 'cache-control': 'no-cache' },
    })
    t.match(answer.text, 'a photo')
  }
})
