import {
  compareVersions,
  decodePhotos,
  encodePhotos,
  isPhotosError,
  NEVER_WRITTEN,
  NO_PHOTOS,
} from 'photos-domain'
import t from 'tap'
import { couchdbOf, databaseOf, hash, repositoryOf } from './test-database.js'

const couchdb = await couchdbOf(t)
const photo = (id: string) => ({
  id,
  url: `https://pictures.example/${id}.jpg`,
  description: `The picture ${id}`,
})
const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'resolved',
    (error: unknown) => (isPhotosError(error) ? error.code : String(error)),
  )

t.test('a workspace is one document under its own id, photos first to last as they are', async (t) => {
  const database = await databaseOf(t, couchdb)
  const photos = [photo('b'), photo('a')]
  const repository = repositoryOf(t, database)
  const version = await repository.write('acme', { photos: encodePhotos(photos) }, NEVER_WRITTEN)
  t.strictSame(await database.ask('GET', 'acme'), { _id: 'acme', _rev: version, photos })
})

t.test('what others have written is brought into the canonical form', async (t) => {
  const database = await databaseOf(t, couchdb)
  const { id, url, description } = photo('a')
  await database.put({ _id: 'acme', owner: 'bob', photos: [{ taken: 2020, description, url, id }] })
  const { photos, receipts } = await repositoryOf(t, database).read('acme')
  t.equal(textOf(photos), JSON.stringify([{ id, url, description }]))
  t.equal(receipts, undefined)
})

t.test(
  'a document that is no workspace is corrupt for who asks for it, alone or beside others',
  async (t) => {
    const database = await databaseOf(t, couchdb)
    const corrupt = {
      'no-photos': {},
      'photos-are-an-object': { photos: {} },
      'a-photo-is-null': { photos: [null] },
      'a-photo-has-no-url': { photos: [{ id: 'a', description: 'x' }] },
      'an-id-is-a-number': { photos: [{ ...photo('a'), id: 7 }] },
      'receipts-are-a-text': { photos: [], receipts: 'x' },
      'a-receipt-has-no-key': { photos: [], receipts: [{ fingerprint: 'x', photoId: 'a', at: 1 }] },
    }
    await database.put(...Object.entries(corrupt).map(([_id, document]) => ({ _id, ...document })), {
      _id: 'good',
      photos: [photo('a')],
    })
    const repository = repositoryOf(t, database, { maxReadsInFlight: 1 })
    for (const workspaceId of Object.keys(corrupt)) {
      t.equal(await codeOf(repository.read(workspaceId)), 'CORRUPT_RECORD', workspaceId)
    }
    const together = ['good', ...Object.keys(corrupt), 'absent'].map((workspaceId) =>
      codeOf(repository.read(workspaceId)),
    )
    t.strictSame(await Promise.all(together), [
      'resolved',
      ...Object.keys(corrupt).map(() => 'CORRUPT_RECORD'),
      'resolved',
    ])
    const scanning = async () => {
      for await (const _ of repository.scan());
    }
    t.equal(await codeOf(scanning()), 'CORRUPT_RECORD', 'a scan does not pass over it')
  },
)

t.test('design documents and others that no workspace can be are not told of', async (t) => {
  const database = await databaseOf(t, couchdb)
  await database.put(
    { _id: '_design/views', views: {} },
    { _id: 'not a workspace!' },
    { _id: 'acme', photos: [] },
  )
  const repository = repositoryOf(t, database)
  const scanned = []
  for await (const { workspaceId } of repository.scan()) scanned.push(workspaceId)
  t.strictSame(scanned, ['acme'])
  const changed = []
  for await (const { workspaceId } of repository.changes()) changed.push(workspaceId)
  t.strictSame(changed, ['acme'])
  t.equal((await repository.status()).workspaces, 2, 'design documents are not counted; others are')
})

t.test(
  'a document that somebody deleted reads as empty, at a version above, and can be written again',
  async (t) => {
    const database = await databaseOf(t, couchdb)
    const repository = repositoryOf(t, database, { maxReadsInFlight: 1 })
    const before = await repository.write('acme', { photos: encodePhotos([photo('a')]) }, NEVER_WRITTEN)
    await database.copiesAgree('acme')
    await database.ask('DELETE', `acme?rev=${before}`)
    await database.copiesAgree('acme')
    const [alone, ...together] = await Promise.all(
      ['acme', 'acme', 'other'].map((id) => repository.read(id, { fresh: true })),
    )
    for (const record of [alone, together[0]]) {
      t.equal(textOf(record?.photos), textOf(NO_PHOTOS))
      t.ok(compareVersions(record?.version ?? '0', before) > 0)
    }
    const tombstone = alone?.version ?? ''
    const changed: string[] = []
    for await (const change of repository.changes()) changed.push(change.version)
    t.strictSame(changed, [tombstone], 'the feed tells its version')
    t.equal(await codeOf(repository.write('acme', { photos: NO_PHOTOS }, before)), 'VERSION_CONFLICT')
    const after = await repository.write('acme', { photos: encodePhotos([photo('b')]) }, tombstone)
    t.ok(compareVersions(after, tombstone) > 0)
    t.strictSame(decodePhotos((await repository.read('acme')).photos), [photo('b')])
    t.equal(await codeOf(repository.write('acme', { photos: NO_PHOTOS }, tombstone)), 'VERSION_CONFLICT')
  },
)

t.test('a version from elsewhere is a conflict, whatever it looks like', async (t) => {
  const database = await databaseOf(t, couchdb)
  const repository = repositoryOf(t, database)
  await repository.write('acme', { photos: NO_PHOTOS }, NEVER_WRITTEN)
  for (const version of ['1764000000000000', `1-${hash('a')}`, '2-zz', 'x', '']) {
    t.equal(
      await codeOf(repository.write('acme', { photos: NO_PHOTOS }, version)),
      'VERSION_CONFLICT',
      version,
    )
    t.equal(
      await codeOf(repository.write('new', { photos: NO_PHOTOS }, version)),
      'VERSION_CONFLICT',
      version,
    )
  }
})

t.test('conflicting revisions read as the one that CouchDB itself answers, and are counted', async (t) => {
  const database = await databaseOf(t, couchdb)
  const leaf = (_id: string, count: number, digit: string, more: object = { photos: [photo(digit)] }) => {
    const ids = [hash(digit), ...Array.from({ length: count - 1 }, (_, i) => hash(String(count - 1 - i)))]
    return { _id, _rev: `${count}-${hash(digit)}`, _revisions: { start: count, ids }, ...more }
  }
  const deleted = { _deleted: true }
  const cases = {
    'higher-hash': [leaf('higher-hash', 2, 'a'), leaf('higher-hash', 2, 'b')],
    'higher-count': [leaf('higher-count', 2, 'f'), leaf('higher-count', 3, 'a')],
    'ten-is-above-nine': [leaf('ten-is-above-nine', 9, 'f'), leaf('ten-is-above-nine', 10, 'a')],
    'deleted-loses': [leaf('deleted-loses', 2, 'a'), leaf('deleted-loses', 5, 'f', deleted)],
    'both-deleted': [leaf('both-deleted', 2, 'a', deleted), leaf('both-deleted', 3, 'b', deleted)],
    'three-leaves': [
      leaf('three-leaves', 2, 'c'),
      leaf('three-leaves', 2, 'e'),
      leaf('three-leaves', 2, 'd'),
    ],
  }
  await database.replicate(...Object.values(cases).flat())
  const seen: string[] = []
  const onConflict = (workspaceId: string, losers: number) => void seen.push(`${workspaceId} ${losers}`)
  const repository = repositoryOf(t, database, { maxReadsInFlight: 1, onConflict })
  const winners = new Map<string, string>()
  const rows = await database.ask('GET', '_changes')
  const results: unknown = Reflect.get(Object(rows), 'results')
  if (!Array.isArray(results)) throw new Error('no changes')
  for (const { id, changes } of results) winners.set(id, changes[0].rev)
  const ids = Object.keys(cases)
  for (const workspaceId of ids) {
    const { version } = await repository.read(workspaceId)
    t.equal(version, winners.get(workspaceId), `${workspaceId}, alone`)
  }
  const wanted = ['higher-hash 1', 'higher-count 1', 'ten-is-above-nine 1', 'three-leaves 2']
  t.strictSame(seen, wanted)
  const together = await Promise.all(['x', ...ids].map((workspaceId) => repository.read(workspaceId)))
  t.strictSame(
    together.slice(1).map(({ version }) => version),
    ids.map((workspaceId) => winners.get(workspaceId)),
    'together',
  )
  t.strictSame(seen.toSorted(), [...wanted, ...wanted].toSorted())
  t.equal(repository.metrics.conflicts, 8)
})

t.test('an id that is no workspace never reaches CouchDB', async (t) => {
  const database = await databaseOf(t, couchdb)
  const repository = repositoryOf(t, database)
  for (const id of [
    'x_local/../..',
    '../_users',
    '..',
    '',
    '_design/x',
    'a/b',
    'a?rev=1',
    'a%2Fb',
    'workspace',
  ]) {
    t.equal(await codeOf(repository.read(id)), 'INVALID_INPUT', `read ${id}`)
    t.equal(
      await codeOf(repository.write(id, { photos: NO_PHOTOS }, NEVER_WRITTEN)),
      'INVALID_INPUT',
      `write ${id}`,
    )
  }
  t.equal(repository.metrics.readBatches + repository.metrics.writeBatches, 0)
})

t.test('reads and writes that come at once leave in batches, and a key is read once', async (t) => {
  const database = await databaseOf(t, couchdb)
  // By one node: each has batches of its own.
  const urls = database.urls.slice(0, 1)
  const repository = repositoryOf(t, database, { urls, maxReadsInFlight: 1, maxWritesInFlight: 1 })
  const ids = Array.from({ length: 50 }, (_, i) => `w${i}`)
  await Promise.all(ids.map((id) => repository.write(id, { photos: NO_PHOTOS }, NEVER_WRITTEN)))
  t.match(repository.metrics, { writes: 50, writeBatches: 2 }, 'the first alone, and then the others')
  await Promise.all([...ids, ...ids].map((id) => repository.read(id)))
  t.match(repository.metrics, { reads: 50, readBatches: 2 })
})
