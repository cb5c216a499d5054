import { repairConflicts } from 'photos-couchdb'
import { compareVersions, decodePhotos, decodeReceipts, type Photo } from 'photos-domain'
import t, { type Test } from 'tap'
import { mergedContent } from '../dist/conflicts.js'
import { leafOf } from '../dist/document.js'
import { couchdbOf, databaseOf, hash, type RawDatabase, repositoryOf } from './test-database.js'

const photo = (id: string, description = `The picture ${id}`): Photo => ({
  id,
  url: `https://x.example/${id}`,
  description,
})
const photos = (...ids: readonly string[]): Photo[] => ids.map((id) => photo(id))
const receipt = (key: string, at: number) => ({ key, fingerprint: 'f', photoId: 'p', at })

/** A second revision whose hash is one digit, and which follows the same first one as all others of the document. */
const leaf = (_id: string, digit: string, more: object) => ({
  _id,
  _rev: `2-${hash(digit)}`,
  _revisions: { start: 2, ids: [hash(digit), hash('0')] },
  ...more,
})

function merged(winner: object, ...losers: readonly object[]) {
  const [first, ...rest] = [winner, ...losers].map((content, at) => {
    const found = leafOf('w', { _id: 'w', _rev: `2-${at}`, ...content })
    if (found === undefined) throw new Error('no leaf')
    return found
  })
  if (first === undefined) throw new Error('no winner')
  const content = mergedContent('w', first, rest)
  return { photos: decodePhotos(content.photos), receipts: decodeReceipts(content.receipts) }
}
const idsOf = (list: readonly Photo[]) => list.map(({ id }) => id).join('')

t.test('a merge has every photo of every revision once, the winner first in doubt', (t) => {
  t.equal(
    idsOf(merged({ photos: photos('b', 'a') }, { photos: photos('c', 'a') }).photos),
    'bca',
    'both added one',
  )
  t.equal(idsOf(merged({ photos: photos('d', 'b', 'a') }, { photos: photos('c', 'b', 'a') }).photos), 'dcba')
  t.equal(
    idsOf(merged({ photos: photos('a') }, { photos: photos('c', 'b', 'a') }).photos),
    'cba',
    'two in a row keep their order',
  )
  t.equal(
    idsOf(merged({ photos: photos('c', 'a') }, { photos: photos('c', 'b', 'a') }).photos),
    'cba',
    'one keeps its place',
  )
  t.equal(
    idsOf(merged({ photos: photos('c') }, { photos: photos('b', 'a') }).photos),
    'cba',
    'nothing in common',
  )
  t.equal(
    idsOf(merged({ photos: [] }, { photos: photos('b', 'a') }).photos),
    'ba',
    'emptied here and kept there',
  )
  t.equal(
    idsOf(merged({ photos: photos('a') }, { photos: photos('b', 'a') }, { photos: photos('c', 'a') }).photos),
    'bca',
  )
  const [kept] = merged(
    { photos: [photo('a', 'of the winner')] },
    { photos: [photo('a', 'of the loser')] },
  ).photos
  t.equal(kept?.description, 'of the winner')
  t.end()
})

t.test('a merge keeps the receipts of every revision, the latest first', (t) => {
  const { receipts } = merged(
    { photos: [], receipts: [receipt('both', 30), receipt('old', 10)] },
    { photos: [], receipts: [receipt('other', 20), receipt('both', 30)] },
  )
  t.strictSame(
    receipts.map(({ key }) => key),
    ['both', 'other', 'old'],
  )
  t.end()
})

const couchdb = await couchdbOf(t)

/** A database with documents of every kind of conflict, and one without. */
async function conflictedDatabase(t: Test): Promise<RawDatabase> {
  const database = await databaseOf(t, couchdb)
  await database.replicate(
    leaf('two', 'a', { photos: photos('b', 'root'), receipts: [receipt('a', 1)] }),
    leaf('two', 'b', { photos: photos('c', 'root') }),
    leaf('three', 'a', { photos: photos('x') }),
    leaf('three', 'b', { photos: photos('y') }),
    leaf('three', 'c', { photos: photos('z') }),
    leaf('same', 'a', { photos: photos('s') }),
    leaf('same', 'b', { photos: photos('s') }),
    leaf('half-deleted', 'a', { photos: photos('h') }),
    leaf('half-deleted', 'b', { _deleted: true }),
    leaf('deleted', 'a', { _deleted: true }),
    leaf('deleted', 'b', { _deleted: true }),
    leaf('corrupt', 'a', { photos: photos('k') }),
    leaf('corrupt', 'b', { photos: 'none' }),
    leaf('fine', 'a', { photos: photos('f') }),
  )
  return database
}

const everything = async (database: RawDatabase) => {
  const rows = await database.ask('GET', '_all_docs?include_docs=true')
  return Reflect.get(Object(rows), 'rows')
}

t.test('a repair leaves one revision of each document, and loses no photo', async (t) => {
  const database = await conflictedDatabase(t)
  const repository = repositoryOf(t, database)
  const before = await repository.read('two')
  const pages: number[] = []
  const result = await repairConflicts({
    urls: database.urls,
    pageSize: 3,
    onProgress: ({ examined }) => pages.push(examined),
  })
  t.match(result, { conflicted: 4, repaired: 3, merged: 4 })
  t.ok(result.examined >= 7 && pages.at(-1) === result.examined)
  t.ok(pages.length > 2, 'page by page')
  t.strictSame(
    result.failed.map(({ workspaceId }) => workspaceId),
    ['corrupt'],
  )
  t.match(result.failed[0]?.error, { code: 'CORRUPT_RECORD' })
  const read = async (id: string) => idsOf(decodePhotos((await repository.read(id)).photos))
  t.equal(await read('two'), 'cbroot')
  t.equal([...(await read('three'))].toSorted().join(''), 'xyz')
  t.equal(await read('same'), 's')
  t.equal(await read('half-deleted'), 'h')
  t.equal(await read('deleted'), '')
  t.equal(await read('fine'), 'f')
  const after = await repository.read('two')
  t.ok(compareVersions(after.version, before.version) > 0, 'at a version above')
  t.strictSame(decodeReceipts(after.receipts), [receipt('a', 1)])
  for (const id of ['two', 'three', 'same', 'half-deleted', 'fine']) {
    const document = await database.ask('GET', `${id}?conflicts=true`)
    t.notOk(Reflect.has(Object(document), '_conflicts'), `${id} has no conflict`)
  }
})

t.test('a repair that is done again changes nothing', async (t) => {
  const database = await conflictedDatabase(t)
  await repairConflicts({ urls: database.urls })
  const before = await everything(database)
  const again = await repairConflicts({ urls: database.urls })
  t.match(again, { conflicted: 1, repaired: 0, merged: 0 }, 'only the corrupt one is left')
  t.strictSame(await everything(database), before)
})

t.test('a repair can go on where an earlier one was', async (t) => {
  const database = await conflictedDatabase(t)
  const { cursor } = await repairConflicts({ urls: database.urls })
  t.match(await repairConflicts({ urls: database.urls, since: cursor }), { conflicted: 0 })
  await database.replicate(leaf('fine', 'b', { photos: photos('g') }))
  t.match(await repairConflicts({ urls: database.urls, since: cursor }), { conflicted: 1, repaired: 1 })
})

t.test('a dry run finds, and changes nothing', async (t) => {
  const database = await conflictedDatabase(t)
  const before = await everything(database)
  t.match(await repairConflicts({ urls: database.urls, dryRun: true }), {
    conflicted: 4,
    repaired: 0,
    merged: 0,
  })
  t.strictSame(await everything(database), before)
})

t.test('a repair that was cut off between its steps is finished by the next', async (t) => {
  const database = await databaseOf(t, couchdb)
  await database.replicate(
    leaf('w', 'a', { photos: photos('b', 'r') }),
    leaf('w', 'b', { photos: photos('c', 'r') }),
  )
  // As it is when the merged content was written, and the loser not removed yet.
  await database.put({ _id: 'w', _rev: `2-${hash('b')}`, photos: photos('c', 'b', 'r') })
  t.match(await repairConflicts({ urls: database.urls }), { conflicted: 1, repaired: 1, merged: 1 })
  t.equal(idsOf(decodePhotos((await repositoryOf(t, database).read('w')).photos)), 'cbr')
})

t.test('a repair beside writers loses nothing of theirs', async (t) => {
  const database = await databaseOf(t, couchdb)
  const ids = Array.from({ length: 20 }, (_, i) => `w${i}`)
  await database.replicate(
    ...ids.flatMap((id) => [leaf(id, 'a', { photos: photos('a') }), leaf(id, 'b', { photos: photos('b') })]),
  )
  const repository = repositoryOf(t, database)
  let isDone = false
  const repairing = repairConflicts({ urls: database.urls }).finally(() => {
    isDone = true
  })
  const written = new Map<string, string>()
  for (let i = 0; !isDone || i < 20; i++) {
    const id = ids[i % ids.length] ?? ''
    const record = await repository.read(id, { fresh: true })
    const next = [photo(`mine-${i}`), ...decodePhotos(record.photos)]
    const wrote = await repository
      .write(id, { photos: Buffer.from(JSON.stringify(next)) }, record.version)
      .then(
        () => true,
        () => false,
      )
    if (wrote) written.set(`mine-${i}`, id)
  }
  t.match(await repairing, { failed: [] })
  for (const [photoId, id] of written) {
    const found = decodePhotos((await repository.read(id)).photos).map(({ id }) => id)
    t.ok(found.includes(photoId), `${photoId} in ${id}`)
    t.ok(found.includes('a') && found.includes('b'), `what there was in ${id}`)
  }
})

t.test('a database that cannot be asked is told as such', async (t) => {
  await t.rejects(repairConflicts({ urls: ['http://127.0.0.1:1/photos'], graceMs: 50 }), {
    code: 'REPOSITORY_UNAVAILABLE',
  })
})
