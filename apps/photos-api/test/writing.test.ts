import { test } from 'tap'
import { addPhoto, LIST, openApp, PHOTO } from './helpers/app.js'

test('a photo that is added is answered with 201, its URL and its ETag, and is there', async (t) => {
  const { app } = await openApp(t)
  const answer = await app.inject({ method: 'POST', url: LIST, payload: PHOTO })
  t.equal(answer.statusCode, 201)
  const photo = answer.json()
  t.match(photo, { id: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, ...PHOTO })
  t.equal(answer.headers.location, `/api/photos/acme/${photo.id}`)
  t.equal(answer.headers['cache-control'], 'no-store')
  const read = await app.inject(String(answer.headers.location))
  t.same(read.json(), photo)
  t.equal(read.headers.etag, answer.headers.etag)
})

test('every field at fault is named, and unknown fields are refused', async (t) => {
  const { app, store } = await openApp(t)
  const refusals: [payload: object, fields: string[]][] = [
    [{}, ['url', 'description']],
    [{ url: 'ftp://x/y', description: '' }, ['url', 'description']],
    [{ ...PHOTO, id: 'mine', extra: 1 }, ['id', 'extra']],
    [{ url: 5, description: null, extra: true }, ['url', 'description', 'extra']],
    [{ ...PHOTO, url: `https://x/${'y'.repeat(2040)}` }, ['url']],
    [{ ...PHOTO, description: 'x'.repeat(2001) }, ['description']],
    [[PHOTO], ['']],
  ]
  for (const [payload, fields] of refusals) {
    const answer = await app.inject({ method: 'POST', url: LIST, payload })
    t.equal(answer.statusCode, 400)
    t.equal(answer.json().code, 'INVALID_INPUT')
    t.same(
      answer
        .json()
        .errors.map(({ field }: { field: string }) => field)
        .sort(),
      fields.sort(),
    )
  }
  t.equal(store.writes, 0)
  t.equal(
    (await app.inject({ method: 'POST', url: LIST, payload: { ...PHOTO, description: '😀'.repeat(2000) } }))
      .statusCode,
    201,
  )
})

test('PUT changes the fields it names and answers the photo with its new ETag', async (t) => {
  const { app } = await openApp(t)
  const { id, etag, path } = await addPhoto(app)
  const answer = await app.inject({ method: 'PUT', url: path, payload: { description: 'Another' } })
  t.equal(answer.statusCode, 200)
  t.same(answer.json(), { id, url: PHOTO.url, description: 'Another' })
  t.not(answer.headers.etag, etag)
  t.same((await app.inject(path)).json(), answer.json())
  const nothing = await app.inject({ method: 'PUT', url: path, payload: {} })
  t.match(nothing.json(), { status: 400, code: 'INVALID_INPUT', detail: 'must have at least one field' })
  t.equal(
    (await app.inject({ method: 'PUT', url: '/api/photos/acme/nope', payload: { description: 'x' } }))
      .statusCode,
    404,
  )
})

test('DELETE removes one photo once, and a workspace as often as one likes', async (t) => {
  const { app } = await openApp(t)
  const { path } = await addPhoto(app)
  await addPhoto(app)
  const removed = await app.inject({ method: 'DELETE', url: path })
  t.equal(removed.statusCode, 204)
  t.equal(removed.body, '')
  t.equal((await app.inject({ method: 'DELETE', url: path })).statusCode, 404)
  t.equal((await app.inject(LIST)).json().length, 1)
  for (let i = 0; i < 2; i++) {
    t.equal(
      (await app.inject({ method: 'DELETE', url: LIST, headers: { 'content-type': 'application/json' } }))
        .statusCode,
      204,
    )
    t.equal((await app.inject(LIST)).body, '[]')
  }
  t.not((await app.inject(LIST)).headers.etag, '"0"', 'the version went on growing')
  t.equal((await app.inject({ method: 'DELETE', url: '/api/photos/workspace/never' })).statusCode, 204)
})

test('writes honour If-Match', async (t) => {
  const { app } = await openApp(t)
  const { etag, path } = await addPhoto(app)
  const { etag: current } = await addPhoto(app)
  const writes = [
    { method: 'PUT' as const, url: path, payload: { description: 'x' } },
    { method: 'DELETE' as const, url: path },
    { method: 'POST' as const, url: LIST, payload: PHOTO },
    { method: 'DELETE' as const, url: LIST },
  ]
  for (const write of writes) {
    for (const header of [etag, `W/${current}`, '"7", "8"']) {
      const answer = await app.inject({ ...write, headers: { 'if-match': header } })
      t.equal(answer.statusCode, 412, `${write.method} ${header}`)
      t.equal(answer.json().code, 'PRECONDITION_FAILED')
    }
  }
  t.equal(
    (
      await app.inject({
        method: 'PUT',
        url: path,
        payload: { description: 'x' },
        headers: { 'if-match': current },
      })
    ).statusCode,
    200,
  )
  t.equal((await app.inject({ method: 'DELETE', url: path, headers: { 'if-match': '*' } })).statusCode, 204)
  const bad = await app.inject({ method: 'DELETE', url: LIST, headers: { 'if-match': 'abc' } })
  t.match(bad.json(), { status: 400, errors: [{ field: 'If-Match' }] })
  t.equal(
    (await app.inject({ method: 'POST', url: LIST, payload: PHOTO, headers: { 'if-none-match': '*' } }))
      .statusCode,
    412,
  )
})

test('an Idempotency-Key makes one photo, however often it is sent', async (t) => {
  const { app } = await openApp(t)
  const send = (payload: object, key = 'k-1') =>
    app.inject({ method: 'POST', url: LIST, payload, headers: { 'idempotency-key': key } })
  const [first, ...others] = await Promise.all([send(PHOTO), send(PHOTO), send(PHOTO)])
  for (const answer of others) {
    t.equal(answer.statusCode, 201)
    t.equal(answer.body, first.body)
    t.equal(answer.headers.location, first.headers.location)
    t.equal(answer.headers.etag, first.headers.etag)
  }
  t.equal((await app.inject(LIST)).json().length, 1)
  const other = await send({ ...PHOTO, description: 'Other' })
  t.match(other.json(), { status: 422, code: 'IDEMPOTENCY_KEY_REUSED' })
  t.equal((await send({ ...PHOTO, description: 'Other' }, 'k-2')).statusCode, 201)
  t.match((await send(PHOTO, 'x'.repeat(256))).json(), {
    status: 400,
    errors: [{ field: 'Idempotency-Key' }],
  })
})

test('a full workspace refuses one more photo with its own code', async (t) => {
  const { app } = await openApp(t, { PHOTOS_MAX_PHOTOS: '2' })
  await addPhoto(app)
  await addPhoto(app)
  const answer = await app.inject({ method: 'POST', url: LIST, payload: PHOTO })
  t.match(answer.json(), { status: 409, code: 'WORKSPACE_FULL' })
  t.equal((await app.inject(LIST)).json().length, 2)
})

test('no write is lost among many at once', async (t) => {
  const { app } = await openApp(t)
  await Promise.all(Array.from({ length: 50 }, () => addPhoto(app)))
  t.equal(new Set((await app.inject(LIST)).json().map(({ id }: { id: string }) => id)).size, 50)
})

test('a write that may or may not have been made says so, and can be repeated under its Idempotency-Key', async (t) => {
  const { app, store } = await openApp(t)
  const send = () =>
    app.inject({ method: 'POST', url: LIST, payload: PHOTO, headers: { 'idempotency-key': 'k' } })
  await addPhoto(app)
  store.loseAnswers()
  const unsure = await send()
  t.equal(unsure.statusCode, 503)
  t.equal(unsure.headers['retry-after'], '1')
  store.deliverAnswers()
  t.equal((await send()).statusCode, 201)
  t.equal((await send()).statusCode, 201)
  t.equal((await app.inject(LIST)).json().length, 2)
})
