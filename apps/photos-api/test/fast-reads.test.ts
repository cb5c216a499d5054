import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { repositoryUnavailable } from 'photos-domain'
import { test } from 'tap'
import { request } from 'undici'
import { addPhoto, LIST, openApp, PHOTO } from './helpers/app.js'

/** https://fastify.dev/docs/latest/Reference/Hooks/#diagnostics-channel-hooks */
const HANDLER_STARTS = 'tracing:fastify.request.handler:start'

type Headers = Record<string, string>

/** What a client can tell apart, but for what differs from one request or connection to the next. */
interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

const OF_THE_CONNECTION = new Set(['date', 'connection', 'keep-alive'])

function comparable(status: number, headers: Record<string, unknown>, body: string): Answer {
  const kept = Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.has(name))
  // A problem's request id, and so its length.
  const isProblem = String(headers['content-type']).startsWith('application/problem')
  return {
    status,
    headers: Object.fromEntries(
      kept
        .filter(([name]) => !(isProblem && name === 'content-length'))
        .map(([name, value]) => [name, String(value)])
        .sort(),
    ),
    body: body.replace(/"requestId":"[^"]*"/, '"requestId":"…"'),
  }
}

/** Over a connection: by the fast path where it takes the request. */
async function overHttp(
  app: FastifyInstance,
  path: string,
  headers: Headers,
  method: 'GET' | 'HEAD' = 'GET',
) {
  const answer = await request(`${app.listeningOrigin}${path}`, { method, headers })
  return comparable(answer.statusCode, answer.headers, await answer.body.text())
}

/** Straight into Fastify: by the routes. */
async function byRoutes(
  app: FastifyInstance,
  path: string,
  headers: Headers,
  method: 'GET' | 'HEAD' = 'GET',
) {
  const answer = await app.inject({ method, url: path, headers })
  return comparable(answer.statusCode, answer.headers, answer.body)
}

test('the fast path answers like the routes, to the last header', async (t) => {
  const { app } = await openApp(t)
  const { etag, path } = await addPhoto(app, { ...PHOTO, description: 'Grüße — 你好 😀 {"id":"x"}' })
  await app.listen()
  const requests: [path: string, headers?: Headers][] = [
    [LIST],
    [path],
    [LIST, { 'if-none-match': etag }],
    [path, { 'if-none-match': `"other", W/${etag}` }],
    [LIST, { 'if-none-match': '"other"' }],
    [LIST, { 'if-none-match': '*' }],
    [LIST, { 'if-none-match': 'no tag' }],
    [LIST, { 'cache-control': 'no-cache' }],
    [LIST, { 'x-request-id': 'given' }],
    ['/api/photos/workspace/never-written'],
    ['/api/photos/never-written/nope'],
    ['/api/photos/acme/nope'],
    [`${LIST}?page=2`],
    [`${LIST}/`],
    [`${LIST}/more`],
    ['/api/photos/workspace/%61cme'],
    ['/api/photos/workspace/'],
    ['/api/photos/workspace'],
    ['/api/photos/workspace/_no'],
    [`/api/photos/workspace/${'a'.repeat(65)}`],
    ['/api/photos/_no/nope'],
    ['/api/photos/acme/_no'],
    ['/api/photos/workspace/workspace'],
    ['/API/photos/workspace/acme'],
    ['/elsewhere'],
  ]
  for (const [url, headers = {}] of requests) {
    const what = `GET ${url} ${JSON.stringify(headers)}`
    t.strictSame(await overHttp(app, url, headers), await byRoutes(app, url, headers), what)
  }
  t.strictSame(await overHttp(app, LIST, {}, 'HEAD'), await byRoutes(app, LIST, {}, 'HEAD'), 'HEAD')
})

test('a plain read passes by Fastify; every other request, and every one that is logged, is Fastify’s', async (t) => {
  for (const [level, expected] of [
    ['silent', [`${LIST}?page=2`, LIST]],
    ['info', [LIST, `${LIST}?page=2`, LIST]],
  ] as const) {
    const { app } = await openApp(t, { LOG_LEVEL: level })
    const seen: string[] = []
    subscribe(HANDLER_STARTS, note)
    function note(message: unknown): void {
      if (typeof message === 'object' && message !== null && 'request' in message) {
        seen.push((message.request as FastifyRequest).url)
      }
    }
    await app.listen()
    for (const url of [LIST, `${LIST}?page=2`]) await overHttp(app, url, {})
    // The routes are what reads past the cache.
    await overHttp(app, LIST, { 'cache-control': 'no-cache' })
    t.same(seen, expected, `LOG_LEVEL=${level}`)
    unsubscribe(HANDLER_STARTS, note)
  }
})

test('a body of more than 64 KiB arrives whole', async (t) => {
  const { app } = await openApp(t)
  for (let i = 0; i < 40; i++) await addPhoto(app, { ...PHOTO, description: `${i}: ${'ü'.repeat(1900)}` })
  await app.listen()
  const answer = await overHttp(app, LIST, {})
  t.ok(Number(answer.headers['content-length']) > 65_536)
  t.strictSame(answer, await byRoutes(app, LIST, {}))
})

test('a small answer is one write to its socket, and not one of several pieces', async (t) => {
  const { app } = await openApp(t)
  const { path } = await addPhoto(app)
  await app.listen()
  const writes: string[] = []
  app.server.on('connection', (socket) => {
    const write = socket._write.bind(socket)
    const writev = socket._writev?.bind(socket)
    socket._write = (chunk, encoding, done) => {
      writes.push('one')
      write(chunk, encoding, done)
    }
    socket._writev = (chunks, done) => {
      writes.push(`${chunks.length} pieces`)
      writev?.(chunks, done)
    }
  })
  for (const url of [LIST, path]) t.equal((await overHttp(app, url, {})).status, 200)
  t.same(writes, ['one', 'one'])
})

test('an outage met by the fast path is answered once, as a problem with Retry-After', async (t) => {
  let reads = 0
  const { app } = await openApp(
    t,
    {},
    {
      beforeRead: async () => {
        reads++
        throw repositoryUnavailable('the disk is gone')
      },
    },
  )
  await app.listen()
  const answer = await overHttp(app, LIST, {})
  t.equal(answer.status, 503)
  t.equal(reads, 1, 'the store was not asked a second time')
  t.match(JSON.parse(answer.body), { code: 'REPOSITORY_UNAVAILABLE' })
  t.ok(Number(answer.headers['retry-after']) > 0)
  t.strictSame(answer, await byRoutes(app, LIST, {}))
})

test('many requests on one connection are answered in their order', async (t) => {
  const { app } = await openApp(t)
  const { path } = await addPhoto(app)
  const { port } = new URL(await app.listen())
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  const get = (url: string, headers = ''): string => `GET ${url} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`
  socket.write(
    get(LIST) + get('/health/live') + get(path) + get('/nowhere') + get(LIST, 'Connection: close\r\n'),
  )
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  t.same(
    [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status),
    ['200', '200', '200', '404', '200'],
  )
})

test('while it closes, a client on a kept connection is answered and told to go', async (t) => {
  const { app } = await openApp(t)
  await addPhoto(app)
  const { port } = new URL(await app.listen())
  // The connection is in use when close begins, so that it is not closed with the idle ones.
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`GET ${LIST} HTTP/1.1\r\n`)
  await app.inject('/health/live')
  const closed = app.close()
  socket.write('Host: x\r\n\r\n')
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  await closed
  t.match(text, /^HTTP\/1\.1 200/)
  t.match(text, /\r\nconnection: close\r\n/i)
})
