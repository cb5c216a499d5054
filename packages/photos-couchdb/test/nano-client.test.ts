import t, { type Test } from 'tap'
import { RequestFailure } from '../dist/failure.js'
import { NanoClient } from '../dist/nano-client.js'
import { type Behaviour, ChaosServer, cutOff, hang, hangUp, json, truncated } from './chaos-server.js'

async function open(t: Test, behaviour: Behaviour, root = '') {
  const server = await ChaosServer.open(t, behaviour)
  const client = new NanoClient({ origin: server.url, root, authorization: 'Basic abc' })
  t.teardown(() => client.close())
  return { server, client }
}

const ASK = { path: 'db', timeoutMs: 5000 } as const
const kindOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    (value) => `resolved to ${JSON.stringify(value)}`,
    (error: unknown) => (error instanceof RequestFailure ? error.kind : `no RequestFailure: ${error}`),
  )

// A test whose process has an unhandled rejection fails: that is how nano ends a service.
t.test('an answer that is cut off fails, of whatever type it is and whatever its status', async (t) => {
  const { server, client } = await open(t, hang)
  for (const type of ['application/json', 'application/octet-stream', 'text/html', 'multipart/related']) {
    server.behaviour = cutOff(type, '{"a":')
    t.equal(await kindOf(client.call(ASK)), 'broken', type)
    server.behaviour = cutOff(type, '{"a":', 503)
    t.equal(await kindOf(client.call(ASK)), 'failed', `${type}, 503`)
  }
  server.behaviour = truncated('{"a":')
  t.equal(await kindOf(client.call(ASK)), 'broken', 'JSON that ends too soon is not an empty text')
})

t.test('an answer that is no JSON fails, though its status is well', async (t) => {
  const { server, client } = await open(t, hang)
  for (const type of ['text/html', 'application/octet-stream', 'application/json']) {
    server.behaviour = (_, response) => {
      response.writeHead(200, { 'content-type': type })
      response.end('<html>Welcome</html>')
    }
    t.equal(await kindOf(client.call(ASK)), 'broken', type)
  }
})

t.test('every call ends in time', async (t) => {
  const { server, client } = await open(t, hang)
  t.equal(await kindOf(client.call({ ...ASK, timeoutMs: 30 })), 'timeout', 'without an answer')
  for (const type of ['application/json', 'application/octet-stream']) {
    server.behaviour = (_, response) => {
      response.writeHead(200, { 'content-type': type })
      response.write('{"a":')
    }
    t.equal(await kindOf(client.call({ ...ASK, timeoutMs: 30 })), 'timeout', `in the midst of ${type}`)
  }
})

t.test('a call can be aborted', async (t) => {
  const controller = new AbortController()
  const { client } = await open(t, () => controller.abort())
  t.equal(await kindOf(client.call({ ...ASK, signal: controller.signal })), 'aborted')
})

t.test('a failure without an answer has a kind', async (t) => {
  const { client } = await open(t, hangUp)
  t.equal(await kindOf(client.call(ASK)), 'broken')
  const nobody = new NanoClient({ origin: 'http://127.0.0.1:1', root: '', authorization: undefined })
  t.teardown(() => nobody.close())
  t.equal(await kindOf(nobody.call(ASK)), 'broken')
})

t.test('what CouchDB says of an error is kept', async (t) => {
  const { client } = await open(t, json(412, { error: 'file_exists', reason: 'It is there.' }))
  const failure = await client.call(ASK).catch((error: unknown) => error)
  t.match(failure, { status: 412, error: 'file_exists', reason: 'It is there.' })
})

t.test('the query that is given is left as it was, and the path comes below the root', async (t) => {
  const { server, client } = await open(t, json(200, {}), '/couch')
  const query = { startkey: 'a', limit: 3 }
  await client.call({ ...ASK, query })
  t.strictSame(query, { startkey: 'a', limit: 3 })
  t.equal(server.requests[0]?.url, '/couch/db?startkey=%22a%22&limit=3')
  t.equal(server.requests[0]?.headers.authorization, 'Basic abc')
})
