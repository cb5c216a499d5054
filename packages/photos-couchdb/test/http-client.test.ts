import { once } from 'node:events'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { RequestFailure } from '../dist/failure.js'
import { HttpClient } from '../dist/http-client.js'
import { ChaosServer, cutOff, hang, hangUp, json } from './chaos-server.js'

const clientOf = (t: Test, url: string, authorization?: string): HttpClient => {
  const client = new HttpClient(url, { authorization, connectTimeoutMs: 1000 })
  t.teardown(() => client.close())
  return client
}
const GET = { method: 'GET', path: '/db', timeoutMs: 5000 } as const
const kindOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no failure',
    (error: unknown) => (error instanceof RequestFailure ? error.kind : String(error)),
  )

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 1
}

t.test('a request is sent as it is, and its answer collected, whatever its status', async (t) => {
  const server = await ChaosServer.open(t, json(418, { é: '€' }, { 'retry-after': '7' }))
  const client = clientOf(t, server.url, 'Basic abc')
  const body = Buffer.from('{"docs":[]}')
  const answer = await client.request({ method: 'POST', path: '/db/_bulk_get?x=%2F', body, timeoutMs: 5000 })
  t.equal(answer.status, 418)
  t.equal(answer.body.toString(), '{"é":"€"}')
  t.equal(answer.retryAfter, '7')
  const [request] = server.requests
  t.match(request, { method: 'POST', url: '/db/_bulk_get?x=%2F', body: '{"docs":[]}' })
  t.match(request?.headers, {
    authorization: 'Basic abc',
    'content-type': 'application/json',
    accept: 'application/json',
  })
})

t.test('an answer in many parts is put together', async (t) => {
  const server = await ChaosServer.open(t, async (_, response) => {
    response.writeHead(200)
    for (const part of ['{"a":', '"', '\u00e9'.repeat(70_000), '"}']) {
      response.write(part)
      await new Promise((resolve) => setImmediate(resolve))
    }
    response.end()
  })
  const answer = await clientOf(t, server.url).request(GET)
  t.equal(answer.body.toString(), `{"a":"${'\u00e9'.repeat(70_000)}"}`)
})

t.test('each way to fail is told apart', async (t) => {
  const server = await ChaosServer.open(t, hang)
  const client = clientOf(t, server.url)
  t.equal(await kindOf(client.request({ ...GET, timeoutMs: 30 })), 'timeout', 'no answer in time')
  server.behaviour = hangUp
  t.equal(await kindOf(client.request(GET)), 'broken', 'the connection is closed instead of an answer')
  server.behaviour = cutOff('application/json', '{"a":')
  t.equal(await kindOf(client.request(GET)), 'broken', 'the answer is cut off')
  server.behaviour = (_, response) => {
    response.writeHead(200)
    response.write('{')
  }
  t.equal(
    await kindOf(client.request({ ...GET, timeoutMs: 30 })),
    'timeout',
    'the answer does not end in time',
  )
  server.behaviour = json(200, 'x'.repeat(100))
  t.equal(
    await kindOf(client.request({ ...GET, maxBytes: 50 })),
    'oversized',
    'the answer is larger than may be',
  )
  t.equal(await kindOf(client.request({ ...GET, maxBytes: 102 })), 'no failure', 'and exactly as large')
  const nobody = clientOf(t, `http://127.0.0.1:${await closedPort()}`)
  t.equal(await kindOf(nobody.request(GET)), 'unreachable', 'nobody listens')
  t.equal(
    await kindOf(clientOf(t, 'http://no-such-host.invalid').request(GET)),
    'unreachable',
    'there is no such host',
  )
})

t.test('a closed client sends nothing', async (t) => {
  const server = await ChaosServer.open(t, json(200, {}))
  const client = clientOf(t, server.url)
  await client.close()
  t.equal(await kindOf(client.request(GET)), 'unreachable')
  t.equal(server.requests.length, 0)
})

t.test('a request can be aborted before it is sent and while it is under way', async (t) => {
  const server = await ChaosServer.open(t, hang)
  const client = clientOf(t, server.url)
  t.equal(await kindOf(client.request({ ...GET, signal: AbortSignal.abort() })), 'aborted')
  t.equal(server.requests.length, 0)
  const controller = new AbortController()
  server.behaviour = () => controller.abort()
  t.equal(await kindOf(client.request({ ...GET, signal: controller.signal })), 'aborted')
  t.equal(server.requests.length, 1)
})

t.test('after failures of every kind the client still serves', async (t) => {
  const server = await ChaosServer.open(t, hang)
  const client = clientOf(t, server.url)
  await kindOf(client.request({ ...GET, timeoutMs: 20 }))
  server.behaviour = hangUp
  await kindOf(client.request(GET))
  server.behaviour = cutOff('application/json', '{"a":')
  await kindOf(client.request(GET))
  server.behaviour = json(200, 'x'.repeat(100))
  await kindOf(client.request({ ...GET, maxBytes: 50 }))
  t.equal(await kindOf(client.request(GET)), 'no failure')
})

t.test('a stream gives what comes as it comes, and ends with the answer', async (t) => {
  const server = await ChaosServer.open(t, (_, response) => {
    response.writeHead(200)
    response.write('one\n')
    setImmediate(() => response.end('two\n'))
  })
  const stream = clientOf(t, server.url).stream({ path: '/', idleMs: 5000 })
  t.equal(await stream.status, 200)
  let text = ''
  for await (const chunk of stream) text += chunk.toString()
  t.equal(text, 'one\ntwo\n')
})

t.test('a stream breaks when it is silent for too long, and when it is cut off', async (t) => {
  const server = await ChaosServer.open(t, (_, response) => {
    response.writeHead(200)
    response.write('one\n')
  })
  const client = clientOf(t, server.url)
  const read = async (idleMs: number) => {
    const seen: string[] = []
    try {
      for await (const chunk of client.stream({ path: '/', idleMs })) seen.push(chunk.toString())
    } catch (error) {
      seen.push(error instanceof RequestFailure ? error.kind : String(error))
    }
    return seen
  }
  t.strictSame(await read(30), ['one\n', 'timeout'])
  server.behaviour = cutOff('text/plain', 'one\n')
  t.strictSame(await read(5000), ['one\n', 'broken'])
  server.behaviour = hang
  t.strictSame(await read(30), ['timeout'], 'also before it begins')
})

t.test('a stream that is read slowly is held back, loses nothing, and is no silence', async (t) => {
  const line = `${'x'.repeat(64 * 1024 - 1)}\n`
  let written = 0
  let finished = false
  const server = await ChaosServer.open(t, async (_, response) => {
    response.writeHead(200)
    for (; written < 200; written++) {
      if (!response.write(line)) await once(response, 'drain')
    }
    response.end(() => {
      finished = true
    })
  })
  const stream = clientOf(t, server.url).stream({ path: '/', idleMs: 1000 })
  let size = 0
  for await (const chunk of stream) {
    // Longer than the silence that is allowed, while the rest waits in the connection.
    if (size === 0) await new Promise((resolve) => setTimeout(resolve, 2500))
    if (size === 0) t.notOk(finished, `the server is held back after ${written} lines`)
    size += chunk.length
  }
  t.equal(size, 200 * line.length)
})

t.test('leaving a stream ends its request', async (t) => {
  let closed: Promise<unknown> = Promise.resolve()
  const server = await ChaosServer.open(t, (_, response) => {
    closed = once(response, 'close')
    response.writeHead(200)
    response.write('one\n')
  })
  for await (const _ of clientOf(t, server.url).stream({ path: '/', idleMs: 5000 })) break
  await closed
  t.pass('the server sees it')
})

t.test('aborting a stream ends it without an error', async (t) => {
  const controller = new AbortController()
  const server = await ChaosServer.open(t, (_, response) => {
    response.writeHead(200)
    response.write('one\n')
  })
  const stream = clientOf(t, server.url).stream({ path: '/', idleMs: 5000, signal: controller.signal })
  const seen: string[] = []
  for await (const chunk of stream) {
    seen.push(chunk.toString())
    controller.abort()
  }
  t.strictSame(seen, ['one\n'])
})
