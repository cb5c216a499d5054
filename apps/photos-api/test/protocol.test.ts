import { connect } from 'node:net'
import { test } from 'tap'
import { LIST, openApp, PHOTO } from './helpers/app.js'

test('a method that a URL does not have is a 405 that names those it has', async (t) => {
  const { app, store } = await openApp(t)
  const refusals: [method: 'PATCH' | 'POST' | 'PUT' | 'DELETE', url: string, allow: string][] = [
    ['PATCH', LIST, 'DELETE, GET, HEAD, POST'],
    ['PUT', LIST, 'DELETE, GET, HEAD, POST'],
    ['POST', '/api/photos/acme/x', 'DELETE, GET, HEAD, PUT'],
    ['DELETE', '/health/live', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
  ]
  for (const [method, url, allow] of refusals) {
    const answer = await app.inject({ method, url, ...(method !== 'DELETE' && { payload: PHOTO }) })
    t.equal(answer.statusCode, 405, `${method} ${url}`)
    t.equal(answer.headers.allow, allow)
    t.equal(answer.json().code, 'METHOD_NOT_ALLOWED')
  }
  const options = await app.inject({ method: 'OPTIONS', url: LIST })
  t.equal(options.statusCode, 204)
  t.equal(options.headers.allow, 'DELETE, GET, HEAD, POST')
  t.equal(store.writes, 0)
})

test('what is nowhere is a 404 in problem+json', async (t) => {
  const { app } = await openApp(t)
  for (const url of ['/', '/api/photos', '/api/photos/a/b/c', '/api/photos/a/b/']) {
    const answer = await app.inject(url)
    t.match(answer.json(), { status: 404, code: /ROUTE_NOT_FOUND/ }, url)
    t.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
  }
})

test('a body that cannot be read is the client’s mistake, with its own status', async (t) => {
  const { app } = await openApp(t)
  const send = (payload: string, type?: string) =>
    app.inject({
      method: 'POST',
      url: LIST,
      payload,
      headers: type === undefined ? {} : { 'content-type': type },
    })
  t.match((await send('{"url":', 'application/json')).json(), { status: 400, code: 'INVALID_JSON' })
  t.match((await send('', 'application/json')).json(), { status: 400, code: 'INVALID_JSON' })
  t.match((await send('{"__proto__":{"x":1}}', 'application/json')).json(), { status: 400 })
  t.match((await send('url=x', 'application/x-www-form-urlencoded')).json(), {
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
  })
  t.match((await send('text', 'text/plain')).json(), { status: 415 })
  t.match((await send(JSON.stringify({ ...PHOTO, extra: 'x'.repeat(70_000) }), 'application/json')).json(), {
    status: 413,
    code: 'BODY_TOO_LARGE',
  })
  t.match((await app.inject({ method: 'POST', url: LIST })).json(), { status: 400 })
})

test('bytes that are not HTTP are answered in problem+json and the connection is closed', async (t) => {
  const { app } = await openApp(t)
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('nonsense\r\n\r\n'))
    let text = ''
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
  t.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/)
  t.match(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))), { status: 400, code: 'BAD_REQUEST' })
})

test('an error of ours is a bare 500: no message and no stack leaves the process', async (t) => {
  const { app } = await openApp(t, {}, { beforeRead: () => Promise.reject(new Error('secret of the store')) })
  const answer = await app.inject(LIST)
  t.equal(answer.statusCode, 500)
  t.match(answer.json(), { code: 'INTERNAL_ERROR', requestId: String })
  t.notMatch(answer.body, /secret|at /)
})

test('a request keeps the id that a proxy gave it, if it is one', async (t) => {
  const { app } = await openApp(t)
  const idOf = async (given: string) =>
    (await app.inject({ url: '/nowhere', headers: { 'x-request-id': given } })).json().requestId
  t.equal(await idOf('0f8e.proxy-1:2'), '0f8e.proxy-1:2')
  t.not(await idOf('two words'), 'two words')
  t.not(await idOf('x'.repeat(129)), 'x'.repeat(129))
})

test('live is about the process, ready about the store too', async (t) => {
  const { app, store } = await openApp(t)
  t.equal((await app.inject('/health/live')).statusCode, 200)
  t.equal((await app.inject('/health/ready')).statusCode, 200)
  store.goDown()
  t.equal((await app.inject('/health/live')).statusCode, 200)
  const answer = await app.inject('/health/ready')
  t.equal(answer.statusCode, 503)
  t.equal(answer.headers['cache-control'], 'no-store')
})
