import { test } from 'tap'
import { addPhoto, LIST, openApp, PHOTO } from './helpers/app.js'

test('a workspace that was never written is an empty list', async (t) => {
  const { app } = await openApp(t)
  const answer = await app.inject(LIST)
  t.equal(answer.statusCode, 200)
  t.equal(answer.body, '[]')
  t.equal(answer.headers.etag, '"0"')
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
})

test('the photos of a workspace come newest first, with what caches need to know', async (t) => {
  const { app } = await openApp(t)
  const first = await addPhoto(app)
  const second = await addPhoto(app, { ...PHOTO, description: 'Grüße — 你好 😀 "quoted" \\ {"id":"x"}' })
  const answer = await app.inject(LIST)
  t.same(
    answer.json().map(({ id }: { id: string }) => id),
    [second.id, first.id],
  )
  t.equal(answer.headers.etag, second.etag)
  t.equal(
    answer.headers['cache-control'],
    'max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=60',
  )
  t.equal(answer.headers['cache-status'], 'photos; fwd=bypass; detail=store')
  t.equal(Number(answer.headers['content-length']), answer.rawPayload.length)
})

test('one photo is answered from its workspace, byte for byte', async (t) => {
  const { app } = await openApp(t)
  const hostile = { ...PHOTO, description: 'ends with {"id":"x"} and "} and \\' }
  const { id, etag, path } = await addPhoto(app, hostile)
  await addPhoto(app)
  const answer = await app.inject(path)
  t.equal(answer.statusCode, 200)
  t.same(answer.json(), { id, ...hostile })
  t.not(answer.headers.etag, etag, 'its ETag is the version of the record, which has moved on')
})

test('a photo that does not exist is a 404 with its own code', async (t) => {
  const { app } = await openApp(t)
  await addPhoto(app)
  for (const url of ['/api/photos/acme/nope', '/api/photos/empty/nope']) {
    const answer = await app.inject(url)
    t.equal(answer.statusCode, 404)
    t.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
    t.equal(answer.headers['cache-control'], 'no-store')
    t.match(answer.json(), { type: 'about:blank', title: 'Not Found', status: 404, code: 'PHOTO_NOT_FOUND' })
  }
})

test('a client that has the current version gets a 304 without a body', async (t) => {
  const { app } = await openApp(t)
  const { etag, path } = await addPhoto(app)
  for (const url of [LIST, path]) {
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await app.inject({ url, headers: { 'if-none-match': header } })
      t.equal(answer.statusCode, 304, `${url} with ${header}`)
      t.equal(answer.body, '')
      t.equal(answer.headers.etag, etag)
      t.ok(answer.headers['cache-control'])
      t.notOk(answer.headers['content-type'])
    }
    const changed = await app.inject({ url, headers: { 'if-none-match': '"0"' } })
    t.equal(changed.statusCode, 200)
  }
})

test('an If-None-Match that is not a list of entity tags is refused by name', async (t) => {
  const { app } = await openApp(t)
  const answer = await app.inject({ url: LIST, headers: { 'if-none-match': 'unquoted' } })
  t.equal(answer.statusCode, 400)
  t.match(answer.json(), { code: 'INVALID_INPUT', errors: [{ field: 'If-None-Match' }] })
})

test('HEAD answers as GET does, without the body', async (t) => {
  const { app } = await openApp(t)
  const { path } = await addPhoto(app)
  for (const url of [LIST, path]) {
    const get = await app.inject(url)
    const head = await app.inject({ method: 'HEAD', url })
    t.equal(head.statusCode, 200)
    t.equal(head.body, '')
    for (const name of ['content-length', 'content-type', 'etag', 'cache-control', 'cache-status']) {
      t.equal(head.headers[name], get.headers[name], name)
    }
    const revalidated = await app.inject({
      method: 'HEAD',
      url,
      headers: { 'if-none-match': String(get.headers.etag) },
    })
    t.equal(revalidated.statusCode, 304)
  }
  t.equal((await app.inject({ method: 'HEAD', url: '/api/photos/acme/nope' })).statusCode, 404)
})

test('ids outside their alphabet are refused, each named', async (t) => {
  const { app, store } = await openApp(t)
  for (const url of [
    '/_local',
    '/-x',
    '/a%2Fb',
    `/${'x'.repeat(65)}`,
    '/%E4%BD%A0',
    '/a.b',
    '/%00',
    `/${'x'.repeat(400)}`,
  ]) {
    const answer = await app.inject(`/api/photos/workspace${url}`)
    t.equal(answer.statusCode, 400, url)
    t.match(answer.json(), { code: 'INVALID_INPUT', errors: [{ field: 'workspaceId' }] })
  }
  const both = await app.inject('/api/photos/_x/.y')
  t.same(
    both.json().errors.map(({ field }: { field: string }) => field),
    ['workspaceId', 'id'],
  )
  t.equal((await app.inject('/api/photos/workspace/workspace')).statusCode, 400)
  t.equal((await app.inject('/api/photos/workspace/%zz')).json().code, 'BAD_URL')
  t.equal(store.reads, 0, 'none reached the store')
})

test('a store that cannot be reached is a 503 with Retry-After, never a 404 and never an empty list', async (t) => {
  const { app, store } = await openApp(t)
  const { path } = await addPhoto(app)
  store.goDown()
  for (const url of [LIST, path, '/api/photos/acme/nope', '/api/photos/workspace/unknown']) {
    const answer = await app.inject(url)
    t.equal(answer.statusCode, 503, url)
    t.equal(answer.headers['retry-after'], '1')
    t.match(answer.json(), { code: 'REPOSITORY_UNAVAILABLE', requestId: String })
  }
  store.comeBack()
  t.equal((await app.inject(path)).statusCode, 200)
})

test('Cache-Control: no-cache reads past every cache', async (t) => {
  const { app } = await openApp(t)
  await addPhoto(app)
  for (const value of ['no-cache', 'max-age=0, no-cache', 'No-Cache']) {
    const answer = await app.inject({ url: LIST, headers: { 'cache-control': value } })
    t.equal(answer.statusCode, 200, value)
  }
})
