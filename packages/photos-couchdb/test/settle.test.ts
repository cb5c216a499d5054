import { openCouchdbRepository } from 'photos-couchdb'
import {
  compareVersions,
  decodePhotos,
  encodePhotos,
  isPhotosError,
  NEVER_WRITTEN,
  NO_PHOTOS,
  type PhotoRepository,
  PhotoService,
  type Version,
} from 'photos-domain'
import t, { type Test } from 'tap'
import { type Behaviour, ChaosServer, json } from './chaos-server.js'
import { couchdbOf, databaseOf, repositoryOf } from './test-database.js'
import { ThreeCopies } from './three-copies.js'

const REV = `1-${'a'.repeat(32)}`
const OTHER_REV = `1-${'b'.repeat(32)}`
/** A first revision of the document `w`, with one photo. */
const leafWith = (photo: string, _rev: string) => ({
  _id: 'w',
  _rev,
  photos: [{ id: photo, url: `https://x.example/${photo}`, description: photo }],
  _revisions: { start: 1, ids: [_rev.slice(2)] },
})
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'resolved',
    (error: unknown) => (isPhotosError(error) ? error.code : String(error)),
  )

async function cluster(t: Test, random: () => number = Math.random) {
  const copies = new ThreeCopies(random)
  const server = await ChaosServer.open(t, copies.behaviour)
  const open = () => {
    const repository = openCouchdbRepository({ urls: [`${server.url}/db`] })
    t.teardown(() => repository.close())
    return repository
  }
  return { copies, open }
}

t.test('a write that is alone on fewer copies than the quorum is told as such', async (t) => {
  const leaf = { _id: 'w', _rev: REV, photos: [], _revisions: { start: 1, ids: ['a'.repeat(32)] } }
  for (const row of [
    { ok: true, id: 'w', rev: REV, accepted: true },
    { ok: true, id: 'w', rev: REV },
  ]) {
    const server = await ChaosServer.open(t, (request, response) => {
      const answer = request.url.endsWith('_bulk_docs') ? json(202, [row]) : json(200, [{ ok: leaf }])
      return answer(request, response)
    })
    const repository = openCouchdbRepository({ urls: [`${server.url}/db`] })
    t.teardown(() => repository.close())
    t.equal(await codeOf(repository.write('w', { photos: NO_PHOTOS }, NEVER_WRITTEN)), 'QUORUM_NOT_MET')
    t.equal(repository.metrics.shortWrites, 1)
    t.equal(server.requests.filter(({ url }) => url.endsWith('_bulk_docs')).length, 1, 'it is not repeated')
  }
})

t.test('in a 202, the writes that met their quorum succeed', async (t) => {
  const server = await ChaosServer.open(t, (request, response) => {
    const rows = [...request.body.matchAll(/"_id":"(\w+)"/g)].map(([, id = '']) => {
      return { ok: true, id, rev: REV, ...(id === 'short' ? { accepted: true } : {}) }
    })
    const status = rows.some((row) => 'accepted' in row) ? 202 : 201
    const answer = request.url.endsWith('_bulk_docs') ? json(status, rows) : json(503, {})
    return answer(request, response)
  })
  const repository = openCouchdbRepository({ urls: [`${server.url}/db`], maxWritesInFlight: 1 })
  t.teardown(() => repository.close())
  const writes = ['first', 'a', 'short', 'b'].map((id) =>
    codeOf(repository.write(id, { photos: NO_PHOTOS }, NEVER_WRITTEN)),
  )
  t.strictSame(await Promise.all(writes), ['resolved', 'resolved', 'QUORUM_NOT_MET', 'resolved'])
})

t.test('a short write that stands beside another is taken back, once the other is above it', async (t) => {
  const written: unknown[] = []
  let leaves: object[] = [
    { _id: 'w', _rev: OTHER_REV, photos: [], _revisions: { start: 1, ids: ['b'.repeat(32)] } },
    { _id: 'w', _rev: REV, photos: [{ id: 'theirs', url: 'https://x.example', description: 'x' }] },
  ]
  const server = await ChaosServer.open(t, (request, response) => {
    if (!request.url.endsWith('_bulk_docs')) {
      t.match(request.url, /open_revs=all&revs=true&r=100/, 'every copy is asked')
      return json(
        200,
        leaves.map((ok) => ({ ok })),
      )(request, response)
    }
    const [doc] = JSON.parse(request.body).docs
    written.push(doc)
    const rev = written.length === 1 ? OTHER_REV : `2-${'c'.repeat(32)}`
    if (written.length === 2) leaves = [...leaves.slice(0, 1), { ...doc, _rev: rev }]
    if (written.length === 3) leaves = leaves.slice(1)
    return json(written.length === 1 ? 202 : 201, [
      { ok: true, id: 'w', rev, ...(written.length === 1 ? { accepted: true } : {}) },
    ])(request, response)
  })
  const repository = openCouchdbRepository({ urls: [`${server.url}/db`] })
  t.teardown(() => repository.close())
  t.equal(await codeOf(repository.write('w', { photos: NO_PHOTOS }, NEVER_WRITTEN)), 'VERSION_CONFLICT')
  t.strictSame(written.slice(1), [
    { _id: 'w', _rev: REV, photos: [{ id: 'theirs', url: 'https://x.example', description: 'x' }] },
    { _id: 'w', _rev: OTHER_REV, _deleted: true },
  ])
})

/** Adds photos one by one to the same workspace, through each of the services at once. Resolves to the ids that were acknowledged. */
async function addThroughEach(
  repositories: readonly PhotoRepository[],
  workspaceId: string,
  count: number,
): Promise<string[]> {
  const added = repositories.map(async (repository) => {
    const service = new PhotoService(repository, {
      backoff: { attempts: 60, baseDelayMs: 1, maxDelayMs: 40 },
    })
    const ids: string[] = []
    for (let i = 0; i < count; i++) {
      try {
        const { photo } = await service.add(workspaceId, { url: 'https://x.example/1.jpg', description: 'x' })
        ids.push(photo.id)
      } catch (error) {
        if (!isPhotosError(error, 'QUORUM_NOT_MET') && !isPhotosError(error, 'WRITE_CONTENTION')) throw error
      }
    }
    return ids
  })
  return (await Promise.all(added)).flat()
}

t.test('however copies disagree, no acknowledged write is lost and no conflict is left', async (t) => {
  let short = 0
  for (let round = 0; round < 5; round++) {
    const { copies, open } = await cluster(t)
    const repositories = [open(), open(), open()]
    const seen: Version[] = []
    let isWriting = true
    const watching = (async () => {
      const reader = open()
      while (isWriting) seen.push((await reader.read('w', { fresh: true })).version)
    })()
    const acknowledged = await addThroughEach(repositories, 'w', 3)
    isWriting = false
    await watching
    await copies.atRest()
    short += copies.shortWrites
    const record = await open().read('w')
    const stored = decodePhotos(record.photos).map(({ id }) => id)
    t.strictSame(
      acknowledged.filter((id) => !stored.includes(id)),
      [],
      'every photo that was acknowledged is there',
    )
    t.equal(new Set(stored).size, stored.length, 'and each once')
    for (const copy of copies.copies) {
      t.equal(copy.leaves('w').filter(({ isDeleted }) => !isDeleted).length, 1, 'no copy has a conflict')
    }
    t.ok(
      seen.every((version) => compareVersions(record.version, version) >= 0),
      'the version that it ends at is the highest that was ever read',
    )
  }
  t.ok(short > 0, `${short} writes were short of their quorum`)
})

t.test(
  'of writers that meet at an instant at most one is acknowledged, and it is what is read',
  async (t) => {
    for (let round = 0; round < 20; round++) {
      const { copies, open } = await cluster(t)
      const repositories = [open(), open(), open()]
      const outcomes = await Promise.all(
        repositories.map(async (repository, at) => {
          const photos = encodePhotos([{ id: `p${at}`, url: 'https://x.example', description: 'x' }])
          return { photos, code: await codeOf(repository.write('w', { photos }, NEVER_WRITTEN)) }
        }),
      )
      await copies.atRest()
      const winners = outcomes.filter(({ code }) => code === 'resolved')
      t.ok(winners.length <= 1)
      const { photos } = await open().read('w', { fresh: true })
      const stored = decodePhotos(photos)
      for (const winner of winners) t.match(stored, decodePhotos(winner.photos))
    }
  },
)

t.test('however copies disagree, one idempotency key has one answer, and its photo stays', async (t) => {
  for (let round = 0; round < 10; round++) {
    const { copies, open } = await cluster(t)
    const services = [open(), open(), open(), open()].map(
      (repository) =>
        new PhotoService(repository, { backoff: { attempts: 300, baseDelayMs: 1, maxDelayMs: 10 } }),
    )
    const answers = await Promise.all(
      [...services, ...services].map((service) =>
        service.add('w', { url: 'https://x.example/1.jpg', description: 'x' }, { idempotencyKey: 'key' }),
      ),
    )
    await copies.atRest()
    const { photos } = await open().read('w', { fresh: true })
    const answered = new Set(answers.map(({ photo }) => photo.id))
    t.strictSame(
      decodePhotos(photos).map(({ id }) => id),
      [...answered],
    )
  }
})

const couchdb = await couchdbOf(t)
t.test('no acknowledged write is lost between processes that use different nodes', async (t) => {
  const database = await databaseOf(t, couchdb)
  const repositories = [...database.urls, ...database.urls, ...database.urls]
    .slice(0, 6)
    .map((url) => repositoryOf(t, { ...database, urls: [url] }))
  for (const workspaceId of ['a', 'b', 'c']) {
    const acknowledged = await addThroughEach(repositories, workspaceId, 5)
    const reader = repositoryOf(t, database)
    const { photos } = await reader.read(workspaceId, { fresh: true })
    const stored = decodePhotos(photos).map(({ id }) => id)
    t.strictSame(
      acknowledged.filter((id) => !stored.includes(id)),
      [],
    )
    t.equal(acknowledged.length, repositories.length * 5, 'and all were acknowledged')
  }
  const short = repositories.map(({ metrics }) => metrics.shortWrites).reduce((a, b) => a + b)
  t.comment(`${short} writes were short of their quorum at first`)
})

t.test('on a cluster, the read after a conflict waits until its copies agree', async (t) => {
  const winner = { ok: leafWith('kept', REV) }
  const loser = { ok: leafWith('taken back', OTHER_REV) }
  const asked: string[] = []
  let looks = 0
  let looksFail = false
  const behaviour: Behaviour = (request, response) => {
    const what = request.url.replace(/^.*\/db\/|\?.*$/g, '')
    asked.push(what)
    if (what === '_bulk_docs') return json(201, [{ id: 'w', error: 'conflict' }])(request, response)
    if (what === 'w' && looksFail) return json(500, { error: 'internal_server_error' })(request, response)
    if (what === 'w') return json(200, ++looks === 1 ? [winner, loser] : [winner])(request, response)
    return json(200, { results: [{ id: 'w', docs: [winner] }] })(request, response)
  }
  const servers = await Promise.all([1, 2].map(() => ChaosServer.open(t, behaviour)))
  const urls = servers.map(({ url }) => `${url}/db`)
  const repository = openCouchdbRepository({ urls })
  t.teardown(() => repository.close())
  t.equal(await codeOf(repository.write('w', { photos: NO_PHOTOS }, NEVER_WRITTEN)), 'VERSION_CONFLICT')
  const record = await repository.read('w', { fresh: true })
  t.equal(decodePhotos(record.photos)[0]?.id, 'kept')
  t.strictSame(asked, ['_bulk_docs', 'w', 'w', '_bulk_get'])
  await repository.read('w', { fresh: true })
  t.strictSame(asked.slice(4), ['_bulk_get'], 'and the one after that does not')

  await codeOf(repository.write('w', { photos: NO_PHOTOS }, NEVER_WRITTEN))
  looksFail = true
  await repository.read('w', { fresh: true })
  looksFail = false
  asked.length = 0
  await repository.read('w', { fresh: true })
  t.strictSame(asked, ['w', '_bulk_get'], 'while nobody could tell, it was not settled')

  asked.length = 0
  const alone = openCouchdbRepository({ urls: urls.slice(0, 1) })
  t.teardown(() => alone.close())
  await codeOf(alone.write('w', { photos: NO_PHOTOS }, NEVER_WRITTEN))
  await alone.read('w', { fresh: true })
  t.strictSame(asked, ['_bulk_docs', '_bulk_get'], 'one node has one copy')
})

t.test(
  'a fresh read that finds a conflict waits until it is settled; another tells what there is',
  async (t) => {
    const kept = leafWith('kept', REV)
    const takenBack = leafWith('taken back', OTHER_REV)
    const asked: string[] = []
    let isSettled = false
    const server = await ChaosServer.open(t, (request, response) => {
      const isLook = request.url.includes('open_revs=all')
      asked.push(isLook ? 'look' : 'read')
      if (isLook) {
        const answer = json(200, isSettled ? [{ ok: kept }] : [{ ok: kept }, { ok: takenBack }])
        isSettled = true
        return answer(request, response)
      }
      const docs = isSettled ? [{ ok: kept }] : [{ ok: kept }, { ok: takenBack }]
      const single = isSettled ? kept : { ...takenBack, _conflicts: [REV] }
      const isBatch = request.url.endsWith('_bulk_get')
      return json(200, isBatch ? { results: [{ id: 'w', docs }] } : single)(request, response)
    })
    const repository = openCouchdbRepository({ urls: [`${server.url}/db`] })
    t.teardown(() => repository.close())
    t.equal((await repository.read('w')).version, OTHER_REV)
    t.strictSame(asked, ['read'])
    t.equal((await repository.read('w', { fresh: true })).version, REV)
    t.strictSame(asked.slice(1), ['read', 'look', 'look', 'read'])
  },
)
