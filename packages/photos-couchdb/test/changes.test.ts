import { type CouchdbOptions, openCouchdbRepository } from 'photos-couchdb'
import { type Change, type ChangesOptions, isPhotosError, NEVER_WRITTEN, NO_PHOTOS } from 'photos-domain'
import t, { type Test } from 'tap'
import { type Behaviour, ChaosServer, cutOff, hang, hangUp, json } from './chaos-server.js'
import { couchdbOf, databaseOf, repositoryOf } from './test-database.js'

const row = (id: string, count: number, seq: string | number = `${count}-g1AAAA`) =>
  JSON.stringify({ seq, id, changes: [{ rev: `${count}-${'a'.repeat(32)}` }] })
const change = (workspaceId: string, count: number, cursor = `${count}-g1AAAA`): Change => ({
  workspaceId,
  version: `${count}-${'a'.repeat(32)}`,
  cursor,
})

/** Writes each part, in a turn of its own, and leaves the answer open. */
const parts =
  (...texts: readonly (string | Buffer)[]): Behaviour =>
  async (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    for (const text of texts) {
      response.write(text)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

async function open(t: Test, behaviour: Behaviour, options: Partial<CouchdbOptions> = {}) {
  const server = await ChaosServer.open(t, behaviour)
  const repository = openCouchdbRepository({
    urls: [`${server.url}/db`],
    heartbeatMs: 100,
    graceMs: 100,
    readTimeoutMs: 1000,
    ...options,
  })
  t.teardown(() => repository.close())
  /** The changes until the feed ends, and how it ends. */
  const read = async (options: ChangesOptions): Promise<(Change | string)[]> => {
    const seen: (Change | string)[] = []
    try {
      for await (const change of repository.changes(options)) seen.push(change)
      seen.push('ended')
    } catch (error) {
      seen.push(isPhotosError(error) ? error.code : String(error))
    }
    return seen
  }
  return { server, repository, read }
}

t.test('rows are told one by one, however they are cut on their way', async (t) => {
  const text = Buffer.from(
    `${row('a', 1)}\n\n${row('b', 2)}\r\n\n{"seq":"3-é","id":"c","changes":[{"rev":"3-x"}]}\n`,
  )
  for (const size of [1, 7, text.length]) {
    const cut = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
      text.subarray(i * size, (i + 1) * size),
    )
    const { read } = await open(t, parts(...cut))
    const [a, b, c, end] = await read({ live: true })
    t.strictSame(
      [a, b, c],
      [change('a', 1), change('b', 2), { workspaceId: 'c', version: '3-x', cursor: '3-é' }],
    )
    t.equal(end, 'REPOSITORY_UNAVAILABLE', 'and then nothing comes, not even a heartbeat')
  }
})

t.test('a live feed asks for what it is to tell', async (t) => {
  const { server, read } = await open(t, parts('\n'))
  await read({ live: true, since: '12-g1&x=é' })
  await read({ live: true, since: 'now' })
  await read({ live: true })
  t.strictSame(
    server.requests.map(({ url }) => Object.fromEntries(new URL(url, server.url).searchParams)),
    ['12-g1&x=é', 'now', '0'].map((since) => ({ feed: 'continuous', heartbeat: '100', since })),
  )
})

t.test('heartbeats keep a feed alive that has nothing to tell', async (t) => {
  let beats = 0
  const { read, repository } = await open(t, (_, response) => {
    response.writeHead(200)
    const beating = setInterval(() => {
      response.write('\n')
      if (++beats === 12) response.write(`${row('a', 1)}\n`)
    }, 50)
    response.on('close', () => clearInterval(beating))
  })
  const controller = new AbortController()
  const reading = read({ live: true, signal: controller.signal })
  const following = repository.changes({ live: true })[Symbol.asyncIterator]()
  t.strictSame(
    (await following.next()).value,
    change('a', 1),
    'after more than twice the silence that would end it',
  )
  await following.return?.()
  controller.abort()
  t.equal((await reading).at(-1), 'ended')
})

t.test('a feed that breaks says so', async (t) => {
  for (const [what, [behaviour, code]] of Object.entries({
    'when nothing comes': [hang, 'REPOSITORY_UNAVAILABLE'],
    'when the connection is lost': [hangUp, 'REPOSITORY_UNAVAILABLE'],
    'when it is cut off': [cutOff('application/json', `${row('a', 1)}\n`), 'REPOSITORY_UNAVAILABLE'],
    'when CouchDB ends it': [
      (_, response) => void response.end(`${row('a', 1)}\n{"last_seq":"1-x","pending":0}\n`),
      'REPOSITORY_UNAVAILABLE',
    ],
    'when it just ends': [(_, response) => void response.end(`${row('a', 1)}\n`), 'REPOSITORY_UNAVAILABLE'],
    'when a row is no JSON': [parts('{"seq":\n'), 'REPOSITORY_UNAVAILABLE'],
    'when a row is something else': [parts('{"a":1}\n'), 'REPOSITORY_UNAVAILABLE'],
    'when the account is refused': [json(401, { error: 'unauthorized' }), 'CREDENTIALS_REFUSED'],
    'when CouchDB is overloaded': [json(503, {}), 'REPOSITORY_OVERLOADED'],
    'when there is no database': [json(404, { error: 'not_found' }), 'REPOSITORY_UNAVAILABLE'],
    'when the cursor is none': [json(400, { error: 'bad_request' }), 'INVALID_INPUT'],
  } satisfies Record<string, readonly [Behaviour, string]>)) {
    const { read } = await open(t, behaviour)
    t.equal((await read({ live: true })).at(-1), code, `${what}, live`)
  }
})

t.test('a feed that is not live breaks too', async (t) => {
  for (const [what, [behaviour, code]] of Object.entries({
    'when nothing comes': [hang, 'REPOSITORY_UNAVAILABLE'],
    'when a page is cut off': [cutOff('application/json', '{"results":['), 'REPOSITORY_UNAVAILABLE'],
    'when a page is something else': [json(200, { ok: true }), 'REPOSITORY_UNAVAILABLE'],
    'when a row is something else': [json(200, { results: [{ id: 'a' }] }), 'REPOSITORY_UNAVAILABLE'],
    'when the account is refused': [json(403, {}), 'CREDENTIALS_REFUSED'],
    'when the cursor is none': [json(400, {}), 'INVALID_INPUT'],
  } satisfies Record<string, readonly [Behaviour, string]>)) {
    const { read } = await open(t, behaviour, { readTimeoutMs: 50 })
    t.equal((await read({})).at(-1), code, what)
  }
})

t.test('numbers that a PouchDB counts with are cursors too', async (t) => {
  const { read } = await open(t, parts(`${row('a', 7, 7)}\n`))
  t.strictSame((await read({ live: true }))[0], change('a', 7, '7'))
})

const couchdb = await couchdbOf(t)

t.test('a feed that is consumed slowly keeps neither the database nor the memory busy', async (t) => {
  const database = await databaseOf(t, couchdb)
  const ids = Array.from({ length: 3000 }, (_, i) => `workspace-${i}-${'x'.repeat(50)}`.slice(0, 64))
  for (let from = 0; from < ids.length; from += 1000) {
    await database.put(...ids.slice(from, from + 1000).map((_id) => ({ _id, photos: [] })))
  }
  const repository = repositoryOf(t, database, { heartbeatMs: 100 })
  const missing = new Set(ids)
  for await (const { workspaceId } of repository.changes({ live: true })) {
    // Longer than the silence that would end it.
    if (missing.size === ids.length) await new Promise((resolve) => setTimeout(resolve, 400))
    missing.delete(workspaceId)
    if (missing.size === 0) break
  }
  t.equal(missing.size, 0)
})

t.test('a feed tells what somebody else wrote, and the deletions', async (t) => {
  const database = await databaseOf(t, couchdb)
  const repository = repositoryOf(t, database)
  const version = await repository.write('w', { photos: NO_PHOTOS }, NEVER_WRITTEN)
  await database.ask('PUT', 'w', { _rev: version, photos: [] })
  const changed = await database.ask('GET', 'w')
  const rev = String(Reflect.get(Object(changed), '_rev'))
  await database.ask('DELETE', `w?rev=${rev}`)
  const { version: tombstone } = await repository.read('w')
  const told = []
  for await (const { version } of repository.changes({ live: true })) {
    told.push(version)
    if (version === tombstone) break
  }
  t.equal(told.at(-1), tombstone)
})
