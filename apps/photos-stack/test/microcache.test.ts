import { test } from 'tap'
import { addPhoto, cacheDetail, delay, send, sendUntil, workspacePath } from './helpers/client.js'
import { startDouble, startEdge, startReplicas } from './helpers/edge.js'

const isHit = (answer: Parameters<typeof cacheDetail>[0]) => cacheDetail(answer) === 'HIT'

test('what is asked for often is answered by NGINX, which says so behind the service', async (t) => {
  const replicas = await startReplicas(t, 1)
  const nginx = await startEdge(t, replicas)
  const ask = () => send(nginx.url + workspacePath('acme'))
  for (let i = 1; i <= 5; i++) t.equal(cacheDetail(await ask()), 'MISS', `request ${i} is passed on`)
  const hit = await sendUntil(ask, isHit)
  t.match(hit.header('cache-status'), /^photos; .*, nginx; hit; detail=HIT$/)
  t.equal(hit.text, '[]')
  const head = await sendUntil(() => send(nginx.url + workspacePath('acme'), { method: 'HEAD' }), isHit)
  t.equal(head.text, '')
  t.equal(head.header('etag'), hit.header('etag'))
})

test('nothing that changed 2 s ago or more is served as it was, however often and when it is asked for', async (t) => {
  const [replica] = await startReplicas(t, 1)
  const direct = `http://127.0.0.1:${replica?.port}`
  const nginx = await startEdge(t, [{ port: replica?.port ?? 0 }], { EDGE_CACHE_MIN_USES: '1' })
  // nginx counts in whole seconds, so each moment within one is another case.
  const phases = [0, 125, 250, 375, 500, 625, 750, 875]
  // When a key is asked for again, after it has changed: all the time, or once, when a loose bound would still be kept.
  const schedules = [Array.from({ length: 60 }, (_, i) => i * 50), [2000], [2400], [2800]]
  const cases = phases.flatMap((phase) => schedules.map((schedule, index) => ({ phase, schedule, index })))
  const started = Date.now()
  await Promise.all(
    cases.map(async ({ phase, schedule, index }) => {
      const workspaceId = `phase-${phase}-${index}`
      const ask = () => send(nginx.url + workspacePath(workspaceId))
      await addPhoto(direct, workspaceId, 'before')
      await delay(1500 + phase - (Date.now() - started))
      t.match((await ask()).text, 'before')
      await addPhoto(direct, workspaceId, 'after')
      const changed = performance.now()
      for (const at of schedule) {
        await delay(changed + at - performance.now())
        const asked = performance.now()
        const { text } = await ask()
        if (asked - changed >= 2000)
          t.match(text, 'after', `${workspaceId}, asked ${asked - changed} ms later`)
      }
    }),
  )
})

test('a key that was not asked for in a while is not answered as it was then', async (t) => {
  const [replica] = await startReplicas(t, 1)
  const nginx = await startEdge(t, [{ port: replica?.port ?? 0 }], { EDGE_CACHE_MIN_USES: '1' })
  await Promise.all(
    [2050, 2300, 2600, 2900, 4000].map(async (idleMs) => {
      const workspaceId = `idle-${idleMs}`
      t.equal((await send(nginx.url + workspacePath(workspaceId))).text, '[]')
      await delay(idleMs)
      await addPhoto(`http://127.0.0.1:${replica?.port}`, workspaceId, 'new')
      t.match((await send(nginx.url + workspacePath(workspaceId))).text, 'new', `idle for ${idleMs} ms`)
    }),
  )
})

test('If-None-Match is answered with 304 by NGINX and through it, until there is something new', async (t) => {
  const [replica] = await startReplicas(t, 1)
  const nginx = await startEdge(t, [{ port: replica?.port ?? 0 }], { EDGE_CACHE_MIN_USES: '2' })
  await addPhoto(nginx.url, 'acme', 'first')
  const first = await send(nginx.url + workspacePath('acme'))
  const etag = first.header('etag')
  t.match(etag, /^"[^"]+"$/)
  const ask = () => send(nginx.url + workspacePath('acme'), { headers: { 'if-none-match': etag } })
  const fromReplica = await ask()
  t.equal(fromReplica.status, 304)
  const fromCache = await sendUntil(ask, isHit)
  t.equal(fromCache.status, 304)
  t.equal(fromCache.text, '')
  t.equal(fromCache.header('etag'), etag)
  await addPhoto(`http://127.0.0.1:${replica?.port}`, 'acme', 'second')
  const changed = await sendUntil(ask, ({ status }) => status !== 304)
  t.equal(changed.status, 200)
  t.match(changed.text, 'second')
})

test('an answer that has expired is revalidated by its ETag, and its body is not sent again', async (t) => {
  const statuses: number[] = []
  const replica = await startDouble(t, (request, response) => {
    const status = request.headers['if-none-match'] === '"1"' ? 304 : 200
    statuses.push(status)
    response.writeHead(status, { etag: '"1"', 'cache-control': 'max-age=0, s-maxage=1' })
    response.end(status === 200 ? 'body' : undefined)
  })
  const nginx = await startEdge(t, [replica], { EDGE_CACHE_MIN_USES: '1' })
  const ask = () => send(`${nginx.url}/api/photos/workspace/acme`)
  await ask()
  const again = await sendUntil(ask, (answer) => cacheDetail(answer) === 'REVALIDATED')
  t.equal(again.status, 200)
  t.equal(again.text, 'body')
  t.match(again.header('cache-status'), 'fwd=stale; fwd-status=304')
  t.same(statuses, [200, 304])
})

test('Authorization and Cache-Control: no-cache go past the cache, and leave nothing in it', async (t) => {
  const [replica] = await startReplicas(t, 1)
  const nginx = await startEdge(t, [{ port: replica?.port ?? 0 }], { EDGE_CACHE_MIN_USES: '1' })
  const url = nginx.url + workspacePath('acme')
  const passing = [
    { authorization: 'Bearer secret' },
    { 'cache-control': 'no-cache' },
    { 'cache-control': 'max-age=0, No-Cache' },
    { 'cache-control': 'no-store' },
  ]
  for (const headers of passing) t.equal(cacheDetail(await send(url, { headers })), 'BYPASS')
  t.equal(cacheDetail(await send(url)), 'MISS')
  await sendUntil(() => send(url), isHit)
  await addPhoto(`http://127.0.0.1:${replica?.port}`, 'acme', 'new')
  for (const headers of passing) t.match((await send(url, { headers })).text, 'new')
})

test('writes and errors are never cached', async (t) => {
  const [replica] = await startReplicas(t, 1)
  const nginx = await startEdge(t, [{ port: replica?.port ?? 0 }], { EDGE_CACHE_MIN_USES: '1' })
  for (const photo of ['one', 'two']) await addPhoto(nginx.url, 'acme', photo)
  const { text } = await send(nginx.url + workspacePath('acme'))
  t.same(
    (JSON.parse(text) as { description: string }[]).map(({ description }) => description),
    ['two', 'one'],
  )
  const missing = `${nginx.url}/api/photos/acme/00000000-0000-4000-8000-000000000000`
  for (let i = 0; i < 3; i++) {
    const answer = await send(missing)
    t.equal(answer.status, 404)
    t.equal(cacheDetail(answer), 'MISS')
  }
})

test('with every replica away, what is cached is served stale and the rest is a problem', async (t) => {
  const [replica] = await startReplicas(t, 1)
  const nginx = await startEdge(t, [{ port: replica?.port ?? 0 }], { EDGE_CACHE_MIN_USES: '1' })
  await addPhoto(nginx.url, 'acme', 'a photo')
  await send(nginx.url + workspacePath('acme'))
  await replica?.stop()
  const stale = await sendUntil(
    () => send(nginx.url + workspacePath('acme')),
    (answer) => !isHit(answer),
  )
  t.equal(stale.status, 200)
  t.equal(cacheDetail(stale), 'STALE')
  t.match(stale.text, 'a photo')
  const other = await send(nginx.url + workspacePath('other'))
  t.equal(other.status, 502)
  t.match(JSON.parse(other.text), { status: 502, code: 'NO_REPLICA', type: 'about:blank' })
  t.equal(other.header('content-type'), 'application/problem+json; charset=utf-8')
  t.equal(other.header('retry-after'), '1')
})

test('an answer is served stale for as long as the service allowed, and then no more', async (t) => {
  const replica = await startDouble(t, (_request, response) => {
    response.writeHead(200, { 'cache-control': 'max-age=0, s-maxage=1, stale-if-error=2' }).end('body')
  })
  const nginx = await startEdge(t, [replica], { EDGE_CACHE_MIN_USES: '1' })
  const url = `${nginx.url}/api/photos/workspace/acme`
  await send(url)
  replica.close()
  const seen: string[] = []
  await sendUntil(
    async () => {
      const answer = await send(url)
      seen.push(`${answer.status} ${cacheDetail(answer)}`)
      return answer
    },
    ({ status }) => status !== 200,
  )
  t.same(
    [...new Set(seen)].filter((what) => !what.endsWith('HIT')),
    ['200 STALE', '502 '],
  )
})

test('more keys than there is room to count fail no request', async (t) => {
  const double = await startDouble(t, (_, response) => {
    response.writeHead(200, { 'cache-control': 'max-age=0, s-maxage=1', etag: '"1"' }).end('[]')
  })
  // The least that nginx takes: room for some 250 keys.
  const nginx = await startEdge(t, [double], { EDGE_CACHE_KEYS_SIZE: '32k', EDGE_CACHE_MIN_USES: '1' })
  let key = 0
  const statuses = new Map<number, number>()
  const client = async (): Promise<void> => {
    while (key < 20_000) {
      const { status } = await send(nginx.url + workspacePath(`key-${key++}`))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 128 }, client))
  t.same([...statuses.keys()], [200])
})
