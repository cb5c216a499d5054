import { readFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { createConnection } from 'node:net'
import { test } from 'tap'
import { addPhoto, postPhoto, send, sendUntil, workspacePath } from './helpers/client.js'
import { startDouble, startEdge, startReplicas } from './helpers/edge.js'

const PROBLEM = 'application/problem+json; charset=utf-8'

test('a POST that a replica may have done is not sent to another one, unless an Idempotency-Key allows it', async (t) => {
  let broken = 0
  const breaking = await startDouble(t, (request) => {
    broken++
    request.resume().on('end', () => request.socket.destroy())
  })
  const [replica] = await startReplicas(t, 1)
  const nginx = await startEdge(t, [breaking, { port: replica?.port ?? 0 }])
  const photosOf = async (workspaceId: string) => {
    const { text } = await send(`http://127.0.0.1:${replica?.port}${workspacePath(workspaceId)}`)
    return (JSON.parse(text) as unknown[]).length
  }

  const answers = []
  for (let i = 0; i < 4; i++) answers.push(await postPhoto(nginx.url, 'without', `photo ${i}`))
  t.same(answers.map(({ status }) => status).sort(), [201, 201, 502, 502])
  t.equal(broken, 2)
  t.equal(await photosOf('without'), 2)
  const failed = answers.find(({ status }) => status === 502)
  t.equal(failed?.header('content-type'), PROBLEM)

  broken = 0
  for (let i = 0; i < 4; i++)
    await addPhoto(nginx.url, 'with', `photo ${i}`, { 'idempotency-key': `key-${i}` })
  t.equal(broken, 2)
  t.equal(await photosOf('with'), 4)

  broken = 0
  for (let i = 0; i < 4; i++) t.equal((await send(nginx.url + workspacePath('with'))).status, 200)
  for (const method of ['DELETE', 'HEAD'])
    for (let i = 0; i < 2; i++)
      t.ok((await send(nginx.url + workspacePath('with'), { method })).status < 300, `${method} is repeated`)
  t.ok(broken >= 2, `the broken replica was asked ${broken} times`)
})

test('a POST with an Idempotency-Key that no replica answers is a problem like any other', async (t) => {
  const breaking = await startDouble(t, (request) =>
    request.resume().on('end', () => request.socket.destroy()),
  )
  const nginx = await startEdge(t, [breaking])
  const answer = await postPhoto(nginx.url, 'acme', 'a photo', { 'idempotency-key': 'key' })
  t.equal(answer.status, 502)
  t.equal(answer.header('content-type'), PROBLEM)
  t.equal(JSON.parse(answer.text).code, 'NO_REPLICA')
})

test('requests take turns over the replicas, on connections that are kept', async (t) => {
  const counts = { one: 0, two: 0, connections: 0 }
  const one = await startDouble(t, (_request, response) => response.end(`${++counts.one}`))
  const two = await startDouble(t, (_request, response) => response.end(`${++counts.two}`))
  for (const { server } of [one, two]) server.on('connection', () => counts.connections++)
  const nginx = await startEdge(t, [one, two], { EDGE_WORKERS: '1' })
  for (let i = 0; i < 20; i++) await send(nginx.url + workspacePath(`w${i}`))
  t.same(counts, { one: 10, two: 10, connections: 2 })
})

test('a client over its rate gets 429 with Retry-After', async (t) => {
  const replica = await startDouble(t, (_request, response) => response.end('ok'))
  const nginx = await startEdge(t, [replica], { EDGE_REQUESTS_PER_SECOND: '1', EDGE_REQUESTS_BURST: '3' })
  const answers = await Promise.all(Array.from({ length: 40 }, () => send(nginx.url + workspacePath('acme'))))
  const refused = answers.filter(({ status }) => status === 429)
  t.ok(answers.filter(({ status }) => status === 200).length >= 4, 'the burst is let through')
  t.ok(refused.length > 0, `${refused.length} are refused`)
  t.equal(refused[0]?.header('retry-after'), '1')
  t.equal(refused[0]?.header('content-type'), PROBLEM)
  t.equal(JSON.parse(refused[0]?.text ?? '{}').code, 'TOO_MANY_REQUESTS')
})

test('a client over its connections gets 429, and is served again when one has ended', async (t) => {
  let letGo = () => undefined as unknown
  const asked = deferred()
  const replica = await startDouble(t, (request, response) => {
    if (request.url?.endsWith('slow') !== true) return response.end('ok')
    letGo = () => response.end('ok')
    return asked.resolve(undefined)
  })
  const nginx = await startEdge(t, [replica], { EDGE_CONNECTIONS_PER_CLIENT: '1' })
  const slow = send(nginx.url + workspacePath('slow'))
  await asked.promise
  t.equal((await send(nginx.url + workspacePath('acme'))).status, 429)
  letGo()
  t.equal((await slow).status, 200)
  const ask = () => send(nginx.url + workspacePath('acme'))
  t.equal((await sendUntil(ask, ({ status }) => status !== 429)).status, 200)
})

test('what is too large is refused with a problem: body, path, headers', async (t) => {
  const [replica] = await startReplicas(t, 1)
  const nginx = await startEdge(t, [{ port: replica?.port ?? 0 }])
  const long = 'x'.repeat(70_000)
  const url = nginx.url + workspacePath('acme')
  const answers = [
    await postPhoto(nginx.url, 'acme', long),
    await postPhoto(nginx.url, 'acme', long, { 'idempotency-key': 'key' }),
    await send(`${url}?${long.slice(0, 9000)}`),
    await send(url, { headers: { 'x-long': long.slice(0, 9000) } }),
  ]
  t.same(
    answers.map(({ status, text, header }) => [status, JSON.parse(text).code, header('content-type')]),
    [
      [413, 'BODY_TOO_LARGE', PROBLEM],
      [413, 'BODY_TOO_LARGE', PROBLEM],
      [414, 'URI_TOO_LONG', PROBLEM],
      [431, 'HEADERS_TOO_LARGE', PROBLEM],
    ],
  )
})

test('what is not HTTP is refused with a problem', async (t) => {
  const replica = await startDouble(t, (_request, response) => response.end('ok'))
  const nginx = await startEdge(t, [replica])
  for (const text of ['GET /\u0001 HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', 'NONSENSE\r\n\r\n']) {
    const socket = createConnection(Number(new URL(nginx.url).port), '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.write(text)
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk)
    t.match(Buffer.concat(chunks).toString(), '"code":"BAD_REQUEST"')
  }
})

test('a client that takes too long to send a request loses its connection', async (t) => {
  const replica = await startDouble(t, (_request, response) => response.end('ok'))
  const nginx = await startEdge(t, [replica], { EDGE_CLIENT_TIMEOUT: '1s' })
  const unfinished = [
    'GET /api/photos/workspace/acme HTTP/1.1\r\nHost: a\r\n',
    'POST /api/photos/workspace/acme HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc',
  ]
  await Promise.all(
    unfinished.map(async (text) => {
      const socket = createConnection(Number(new URL(nginx.url).port), '127.0.0.1')
      t.teardown(() => socket.destroy())
      socket.on('error', () => undefined)
      socket.resume()
      socket.write(text)
      const hadError = await new Promise((resolve) => socket.once('close', resolve))
      t.type(hadError, 'boolean', 'the connection is closed')
    }),
  )
})

test('the outside reaches the API alone; health and metrics are on the other port', async (t) => {
  const [replica] = await startReplicas(t, 1)
  const nginx = await startEdge(t, [{ port: replica?.port ?? 0 }])
  for (const path of [
    '/',
    '/metrics',
    '/health/live',
    '/health/ready',
    '/api',
    '/api/other',
    '/api/photos/../../metrics',
  ]) {
    const answer = await send(nginx.url + path)
    t.equal(answer.status, 404, path)
    t.equal(JSON.parse(answer.text).code, 'ROUTE_NOT_FOUND')
  }
  t.equal((await send(`${nginx.url}/openapi.json`)).status, 200)
  t.equal((await send(`${nginx.statusUrl}/health/live`)).status, 200)
  t.equal((await send(`${nginx.statusUrl}/health/ready`)).status, 200)
  t.match((await send(`${nginx.statusUrl}/metrics`)).text, 'Active connections')
  t.equal((await send(nginx.statusUrl + workspacePath('acme'))).status, 404)
})

test('a request has one id, in the answer, at the replica and in the log, which is a JSON object a line', async (t) => {
  const seen: unknown[] = []
  const replica = await startDouble(t, (request, response) => {
    seen.push(request.headers['x-request-id'])
    response.end('ok')
  })
  // Each worker has a buffer of lines of its own.
  const nginx = await startEdge(t, [replica], { EDGE_WORKERS: '1' })
  const url = nginx.url + workspacePath('acme')
  const given = { 'x-request-id': 'from-the.client:1', 'user-agent': 'a "quoted" \\ agent' }
  const kept = await send(url, { headers: given })
  const made = await send(url)
  const replaced = await send(url, { headers: { 'x-request-id': 'not an id; "at all"' } })
  const ids = [kept, made, replaced].map(({ header }) => header('x-request-id'))
  t.equal(ids[0], 'from-the.client:1')
  t.match(ids[1], /^[0-9a-f]{32}$/)
  t.match(ids[2], /^[0-9a-f]{32}$/)
  t.same(seen, ids)
  const lines = await untilLogged(nginx.accessLog, 3)
  t.same(
    lines.map(({ requestId }) => requestId),
    ids,
  )
  t.match(lines[0], {
    client: '127.0.0.1',
    method: 'GET',
    url: workspacePath('acme'),
    status: 200,
    cache: 'MISS',
    upstream: `127.0.0.1:${replica.port}`,
    userAgent: 'a "quoted" \\ agent',
    seconds: Number,
  })
})

test('a client is who the connection says it is, unless a trusted proxy says otherwise', async (t) => {
  let headers: IncomingHttpHeaders = {}
  const replica = await startDouble(t, (request, response) => {
    headers = request.headers
    response.end('ok')
  })
  const forged = {
    'x-forwarded-for': '203.0.113.7, 198.51.100.9',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'evil.example',
    forwarded: 'for=203.0.113.7',
  }
  const open = await startEdge(t, [replica])
  await send(open.url + workspacePath('acme'), { headers: forged })
  t.match(headers, { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' })
  t.equal(headers['x-forwarded-host'], undefined)
  t.equal(headers.forwarded, undefined)
  const behind = await startEdge(t, [replica], {
    EDGE_TRUSTED_PROXIES: 'set_real_ip_from 127.0.0.0/8; set_real_ip_from 198.51.100.0/24;',
  })
  await send(behind.url + workspacePath('acme'), { headers: forged })
  t.match(headers, { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' })
})

type LogLine = Readonly<Record<string, unknown>>

async function untilLogged(file: string, count: number): Promise<LogLine[]> {
  for (;;) {
    const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
    if (lines.length >= count) return lines.map((line) => JSON.parse(line) as LogLine)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function deferred() {
  let resolve: (value: unknown) => void = () => undefined
  const promise = new Promise((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
