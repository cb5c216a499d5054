import { type CouchdbOptions, type CouchdbRepository, openCouchdbRepository } from 'photos-couchdb'
import { isPhotosError, NEVER_WRITTEN, NO_PHOTOS, type PhotosError } from 'photos-domain'
import t, { type Test } from 'tap'
import {
  type Behaviour,
  ChaosServer,
  cutOff,
  hang,
  hangUp,
  inTurn,
  json,
  type ReceivedRequest,
  truncated,
} from './chaos-server.js'

const REV = `1-${'a'.repeat(32)}`
const document = (_id: string) => ({ _id, _rev: REV, photos: [] })

async function open(t: Test, behaviour: Behaviour, options: Partial<CouchdbOptions> = {}) {
  const server = await ChaosServer.open(t, behaviour)
  const repository = openCouchdbRepository({
    urls: [`${server.url}/db`],
    attemptTimeoutMs: 100,
    readTimeoutMs: 2000,
    writeTimeoutMs: 300,
    graceMs: 300,
    maxReadsInFlight: 1,
    maxWritesInFlight: 1,
    ...options,
  })
  t.teardown(() => repository.close())
  return { server, repository }
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'resolved',
    (error: unknown) => (isPhotosError(error) ? error.code : `no PhotosError: ${error}`),
  )
const write = (repository: CouchdbRepository, id = 'w') =>
  repository.write(id, { photos: NO_PHOTOS }, NEVER_WRITTEN)
/** Keeps the one request there may be busy, so that what follows leaves together. */
const busy = (repository: CouchdbRepository) => void repository.read('busy').catch(() => {})

/** The ids that a request asks for or writes. */
function idsIn({ url, body }: ReceivedRequest): string[] {
  if (body === '') return [decodeURIComponent(url.replace('/db/', '').replace('?conflicts=true', ''))]
  const docs: unknown = Reflect.get(JSON.parse(body), 'docs')
  return Array.isArray(docs) ? docs.map(({ id, _id }) => id ?? _id) : []
}

/** Answers as CouchDB does: every document is there, and every write succeeds. */
const well: Behaviour = (request, response) => {
  const ids = idsIn(request)
  if (request.body === '') return json(200, document(ids[0] ?? ''))(request, response)
  const rows = request.url.endsWith('_bulk_docs')
    ? ids.map((id) => ({ ok: true, id, rev: REV }))
    : { results: ids.map((id) => ({ id, docs: [{ ok: document(id) }] })) }
  return json(request.url.endsWith('_bulk_docs') ? 201 : 200, rows)(request, response)
}

const READS: Readonly<Record<string, readonly [Behaviour, string]>> = {
  'no answer in time': [hang, 'REPOSITORY_UNAVAILABLE'],
  'a connection that breaks': [hangUp, 'REPOSITORY_UNAVAILABLE'],
  'an answer that is cut off': [cutOff('application/json', '{"_id":"w",'), 'REPOSITORY_UNAVAILABLE'],
  'JSON that ends too soon': [truncated('{"_id":"w","_rev":"1-a"'), 'REPOSITORY_UNAVAILABLE'],
  'an empty answer': [truncated(''), 'REPOSITORY_UNAVAILABLE'],
  "a proxy's page": [truncated('<html>It works</html>'), 'REPOSITORY_UNAVAILABLE'],
  'JSON of something else': [json(200, { ok: true }), 'REPOSITORY_UNAVAILABLE'],
  'another document': [json(200, document('other')), 'REPOSITORY_UNAVAILABLE'],
  'a document without a revision': [json(200, { _id: 'w', photos: [] }), 'REPOSITORY_UNAVAILABLE'],
  'a 404 for the database': [
    json(404, { error: 'not_found', reason: 'Database does not exist.' }),
    'REPOSITORY_UNAVAILABLE',
  ],
  "a proxy's 404": [json(404, {}), 'REPOSITORY_UNAVAILABLE'],
  'a redirection': [json(302, {}), 'REPOSITORY_UNAVAILABLE'],
  'a 401': [json(401, { error: 'unauthorized' }), 'CREDENTIALS_REFUSED'],
  'a 403': [json(403, { error: 'forbidden' }), 'CREDENTIALS_REFUSED'],
  'a 429': [json(429, {}), 'REPOSITORY_OVERLOADED'],
  'a 500': [json(500, { error: 'internal_server_error' }), 'REPOSITORY_OVERLOADED'],
  'a 503': [json(503, {}), 'REPOSITORY_OVERLOADED'],
}

for (const [what, [behaviour, code]] of Object.entries(READS)) {
  t.test(`a read that meets ${what} is ${code}, and never an empty list`, async (t) => {
    const { server, repository } = await open(t, behaviour)
    t.equal(await codeOf(repository.read('w')), code, 'alone')
    busy(repository)
    const together = ['w', 'v'].map((id) => codeOf(repository.read(id)))
    t.strictSame(await Promise.all(together), [code, code], 'in a batch')
    t.equal(await codeOf(repository.ready()), ready(what, code), 'ready')
    server.behaviour = well
    t.equal(await recovered(repository), 'resolved', 'and it recovers')
  })
}

/** What `ready` asks for is the database, of which any JSON will do. */
const ready = (what: string, code: string): string =>
  ['JSON of something else', 'another document', 'a document without a revision'].includes(what)
    ? 'resolved'
    : code

/** How a read ends once the node has been taken back. */
async function recovered(repository: CouchdbRepository): Promise<string> {
  for (;;) {
    const code = await codeOf(repository.read('w'))
    if (code !== 'REPOSITORY_UNAVAILABLE') return code
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const WRITES: Readonly<Record<string, readonly [Behaviour, string]>> = {
  'no answer in time': [hang, 'WRITE_OUTCOME_UNKNOWN'],
  'a connection that breaks': [hangUp, 'WRITE_OUTCOME_UNKNOWN'],
  'an answer that is cut off': [cutOff('application/json', '[{"ok":true,"id":"w"'), 'WRITE_OUTCOME_UNKNOWN'],
  'JSON that ends too soon': [truncated('[{"ok":true,"id":"w","rev":"1-a"}'), 'WRITE_OUTCOME_UNKNOWN'],
  'an answer without its row': [json(201, []), 'WRITE_OUTCOME_UNKNOWN'],
  'a row without a revision': [json(201, [{ ok: true, id: 'w' }]), 'WRITE_OUTCOME_UNKNOWN'],
  'a row with an error of the server': [
    json(201, [{ id: 'w', error: 'internal_server_error', reason: 'x' }]),
    'WRITE_OUTCOME_UNKNOWN',
  ],
  'a 500': [json(500, { error: 'timeout' }), 'WRITE_OUTCOME_UNKNOWN'],
  'a 503': [json(503, {}), 'WRITE_OUTCOME_UNKNOWN'],
  'a 500 that tells of the conflict': [json(500, [{ id: 'w', error: 'conflict' }]), 'VERSION_CONFLICT'],
  'a conflict': [
    json(201, [{ id: 'w', error: 'conflict', reason: 'Document update conflict.' }]),
    'VERSION_CONFLICT',
  ],
  'a validation that forbids it': [
    json(201, [{ id: 'w', error: 'forbidden', reason: 'no' }]),
    'CREDENTIALS_REFUSED',
  ],
  'a 401': [json(401, { error: 'unauthorized' }), 'CREDENTIALS_REFUSED'],
  'a 403': [json(403, { error: 'forbidden' }), 'CREDENTIALS_REFUSED'],
  'a 404 for the database': [json(404, { error: 'not_found' }), 'REPOSITORY_UNAVAILABLE'],
  'a 413': [json(413, { error: 'document_too_large', reason: 'w' }), 'RECORD_TOO_LARGE'],
  'a 429': [json(429, {}), 'REPOSITORY_OVERLOADED'],
  'a 400': [json(400, { error: 'bad_request', reason: 'invalid UTF-8 JSON' }), 'INVALID_INPUT'],
}

for (const [what, [behaviour, code]] of Object.entries(WRITES)) {
  t.test(`a write that meets ${what} is ${code}`, async (t) => {
    const { server, repository } = await open(t, behaviour)
    t.equal(await codeOf(write(repository)), code)
    const sent = server.requests.length
    if (code === 'WRITE_OUTCOME_UNKNOWN') t.equal(sent, 1, 'it is not repeated')
  })
}

t.test('a write that could not be sent is certainly not made', async (t) => {
  const { server, repository } = await open(t, hangUp)
  const { port } = new URL(server.url)
  const unreachable = openCouchdbRepository({
    urls: [`http://127.0.0.1:${Number(port) > 1 ? 1 : 2}/db`],
    graceMs: 100,
  })
  t.teardown(() => unreachable.close())
  t.equal(await codeOf(write(unreachable)), 'REPOSITORY_UNAVAILABLE')
  // It is sent to the node that can be reached.
  const either = openCouchdbRepository({ urls: ['http://127.0.0.1:1/db', `${server.url}/db`] })
  t.teardown(() => either.close())
  server.behaviour = well
  t.equal(await codeOf(write(either, 'a')), 'resolved')
  t.equal(await codeOf(write(either, 'b')), 'resolved')
  await repository.close()
})

t.test('Retry-After is passed on', async (t) => {
  const { repository } = await open(t, json(429, {}, { 'retry-after': '7' }))
  const error = await repository.read('w').then(
    () => undefined,
    (error: PhotosError) => error,
  )
  t.equal(error?.retryAfterMs, 7000)
})

t.test('what fails in passing is read all the same', async (t) => {
  for (const [what, behaviour] of Object.entries({
    'a connection that breaks': hangUp,
    'no answer in time': hang,
    'a 503': json(503, {}),
    'JSON that ends too soon': truncated('{'),
  } satisfies Record<string, Behaviour>)) {
    const { repository } = await open(t, inTurn(behaviour, well))
    t.equal(await codeOf(repository.read('w')), 'resolved', what)
  }
})

t.test('what a batch leaves untold is read one by one', async (t) => {
  const untold: Behaviour = (request, response) => {
    if (!request.url.endsWith('_bulk_get')) return well(request, response)
    const failed = { error: { id: 'x', rev: 'undefined', error: 'internal_fabric_error', reason: 'timeout' } }
    const results = idsIn(request).map((id, at) => ({ id, docs: [at === 0 ? { ok: document(id) } : failed] }))
    return json(200, { results: results.slice(0, 3) })(request, response)
  }
  const { server, repository } = await open(t, untold)
  busy(repository)
  const ids = ['told', 'failed', 'failed-too', 'left-out']
  t.strictSame(
    await Promise.all(ids.map((id) => codeOf(repository.read(id)))),
    ids.map(() => 'resolved'),
  )
  t.strictSame(
    server.requests.slice(2).map((request) => idsIn(request)[0]),
    ids.slice(1),
  )
})

t.test('a batch that has no answer in time is read one by one', async (t) => {
  const warnings = t.capture(process, 'emitWarning')
  const hangsOnBatches: Behaviour = (request, response) =>
    request.url.endsWith('_bulk_get') ? hang(request, response) : well(request, response)
  const { repository } = await open(t, hangsOnBatches)
  busy(repository)
  const ids = Array.from({ length: 30 }, (_, at) => `w${at}`)
  t.strictSame(
    await Promise.all(ids.map((id) => codeOf(repository.read(id)))),
    ids.map(() => 'resolved'),
  )
  t.strictSame(warnings(), [], 'and without a warning, however many are read at once')
})

t.test('one write that is too large or is refused leaves the others of its batch alone', async (t) => {
  for (const [status, code] of [
    [413, 'RECORD_TOO_LARGE'],
    [400, 'INVALID_INPUT'],
  ] as const) {
    const written: string[] = []
    const refusing: Behaviour = (request, response) => {
      const ids = idsIn(request)
      if (ids.includes('bad')) return json(status, { error: 'bad' })(request, response)
      written.push(...ids)
      return well(request, response)
    }
    const { repository } = await open(t, refusing)
    const ids = ['first', 'a', 'b', 'bad', 'c', 'd', 'e']
    const outcomes = await Promise.all(ids.map((id) => codeOf(write(repository, id))))
    t.strictSame(
      outcomes,
      ids.map((id) => (id === 'bad' ? code : 'resolved')),
    )
    t.strictSame(written.toSorted(), ids.filter((id) => id !== 'bad').toSorted(), 'each once')
  }
})

t.test('when too many wait, one more is told so at once', async (t) => {
  const { repository } = await open(t, hang, { maxWaiting: 2, readTimeoutMs: 200 })
  const reads = ['under-way', 'a', 'b', 'c'].map((id) => codeOf(repository.read(id)))
  t.equal(await reads[3], 'REPOSITORY_OVERLOADED')
  const writes = ['under-way', 'a', 'b', 'c'].map((id) => codeOf(write(repository, id)))
  t.equal(await writes[3], 'REPOSITORY_OVERLOADED')
  t.strictSame(await Promise.all(reads.slice(0, 3)), Array(3).fill('REPOSITORY_UNAVAILABLE'))
  t.equal(await writes[0], 'WRITE_OUTCOME_UNKNOWN')
})

t.test(
  'a read that starts after a write of another process never joins one that was sent before',
  async (t) => {
    const answers: (() => void)[] = []
    const { server, repository } = await open(
      t,
      (request, response) => {
        answers.push(() => void well(request, response))
      },
      { attemptTimeoutMs: 5000, readTimeoutMs: 5000 },
    )
    const sent = async (count: number) => {
      while (server.requests.length < count) await new Promise((resolve) => setImmediate(resolve))
    }
    const early = repository.read('w')
    await sent(1)
    const joining = repository.read('w')
    const fresh = repository.read('w', { fresh: true })
    answers[0]?.()
    t.equal(await early, await joining, 'a plain read joins')
    await sent(2)
    answers[1]?.()
    t.not(await fresh, await early, 'a fresh one does not')
    t.equal(server.requests.length, 2)
  },
)

t.test('a read that starts after a write of this process never joins one that was sent before', async (t) => {
  const held: (() => void)[] = []
  const { server, repository } = await open(
    t,
    (request, response) => {
      if (request.url.endsWith('_bulk_docs')) return well(request, response)
      held.push(() => void well(request, response))
      return undefined
    },
    { attemptTimeoutMs: 5000, readTimeoutMs: 5000 },
  )
  const early = repository.read('w')
  await write(repository)
  const late = repository.read('w')
  while (held.length < 1) await new Promise((resolve) => setImmediate(resolve))
  held[0]?.()
  await early
  while (held.length < 2) await new Promise((resolve) => setImmediate(resolve))
  held[1]?.()
  await late
  t.equal(server.requests.filter(({ url }) => !url.endsWith('_bulk_docs')).length, 2)
})

t.test('errors do not tell the password', async (t) => {
  const { server } = await open(
    t,
    json(401, { error: 'unauthorized', reason: 'Name or password is incorrect.' }),
  )
  const url = `${server.url.replace('//', '//bob:s3cret@')}/db`
  const repository = openCouchdbRepository({ urls: [url] })
  t.teardown(() => repository.close())
  const error = await repository.read('w').catch((error: unknown) => error)
  t.ok(isPhotosError(error, 'CREDENTIALS_REFUSED'))
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    t.notMatch(`${cause.message} ${JSON.stringify(cause)}`, /s3cret|Basic/)
  }
  t.notMatch(JSON.stringify(repository.metrics), /s3cret/)
  t.throws(() => openCouchdbRepository({ urls: ['bob:s3cret@host/db'] }), /must/)
})
