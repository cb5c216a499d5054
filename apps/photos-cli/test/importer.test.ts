import { createMemoryStore, type MemoryStore, type MemoryStoreHooks } from 'photos-contract'
import { decodePhotos, encodePhotos, NEVER_WRITTEN, type Photo, PhotosError } from 'photos-domain'
import t from 'tap'
import { type ImportCounts, type ImportOptions, importWorkspaces } from '../dist/import/importer.js'

const photo = (id: string): Photo => ({ id, url: 'https://example.org/a.jpg', description: 'A' })
const line = (workspaceId: string, ...ids: string[]): string =>
  `${JSON.stringify({ workspaceId, photos: ids.map(photo) })}\n`

async function* inputOf(...pieces: string[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield Buffer.from(piece)
}

interface Imported {
  readonly counts: ImportCounts
  readonly failedLines: readonly [number, string][]
}

async function importInto(
  store: MemoryStore,
  text: string,
  options: Partial<ImportOptions> = {},
): Promise<Imported> {
  const failedLines: [number, string][] = []
  const counts = await importWorkspaces(store.handle(), inputOf(text), {
    onConflict: 'skip',
    maxPhotos: 10,
    onFailedLine: (number, reason) => failedLines.push([number, reason]),
    retry: { baseDelayMs: 1, maxDelayMs: 5 },
    ...options,
  })
  return { counts, failedLines }
}

/** A store that has the workspace `old` with the photo `before`, and `emptied`, whose photos were deleted. */
async function usedStore(hooks?: MemoryStoreHooks): Promise<MemoryStore> {
  const store = createMemoryStore(hooks)
  const repository = store.handle()
  const receipts = Buffer.from('[]')
  await repository.write('old', { photos: encodePhotos([photo('before')]), receipts }, NEVER_WRITTEN)
  const version = await repository.write('emptied', { photos: encodePhotos([photo('x')]) }, NEVER_WRITTEN)
  await repository.write('emptied', { photos: encodePhotos([]) }, version)
  return store
}

const idsIn = async (store: MemoryStore, workspaceId: string): Promise<string[]> =>
  decodePhotos((await store.handle().read(workspaceId)).photos).map(({ id }) => id)

const none = { imported: 0, replaced: 0, skipped: 0, failed: 0 }

t.test('every line becomes a workspace; empty lines are passed over', async (t) => {
  const store = createMemoryStore()
  const { counts } = await importInto(
    store,
    `${line('a', 'p', 'q')}\n  \t\n${line('b')}${line('c', 'p').trim()}`,
  )
  t.strictSame(counts, { ...none, imported: 3 })
  t.strictSame(await idsIn(store, 'a'), ['p', 'q'])
  t.strictSame(await idsIn(store, 'b'), [])
  t.equal((await store.handle().status()).workspaces, 3)
})

t.test('a line that is not right is told with its number, and the rest goes in', async (t) => {
  const store = createMemoryStore()
  const { counts, failedLines } = await importInto(
    store,
    `${line('a', 'p')}\nnonsense\n${line('-b')}${line('c', ...[...Array(11).keys()].map(String))}${line('d')}`,
  )
  t.strictSame(counts, { ...none, imported: 2, failed: 3 })
  t.match(failedLines, [
    [3, /^is not JSON: /],
    [4, /^workspaceId /],
    [5, 'photos are 11; a workspace holds at most 10'],
  ])
})

t.test('skip leaves workspaces that were ever written as they are', async (t) => {
  const store = await usedStore()
  const { counts } = await importInto(
    store,
    line('old', 'new') + line('emptied', 'new') + line('fresh', 'new'),
  )
  t.strictSame(counts, { ...none, imported: 1, skipped: 2 })
  t.strictSame(await idsIn(store, 'old'), ['before'])
  t.strictSame(await idsIn(store, 'emptied'), [])
})

t.test('replace puts the photos of the line in their place and keeps the receipts', async (t) => {
  const store = await usedStore()
  const { counts } = await importInto(
    store,
    line('old', 'new') + line('emptied', 'new') + line('fresh', 'new'),
    {
      onConflict: 'replace',
    },
  )
  t.strictSame(counts, { ...none, imported: 1, replaced: 2 })
  t.strictSame(await idsIn(store, 'old'), ['new'])
  t.strictSame(await idsIn(store, 'emptied'), ['new'])
  t.strictSame((await store.handle().read('old')).receipts, Buffer.from('[]'))
})

t.test('replace does not write what is there already', async (t) => {
  const store = await usedStore()
  const { version } = await store.handle().read('old')
  const { counts } = await importInto(store, line('old', 'before'), { onConflict: 'replace' })
  t.strictSame(counts, { ...none, skipped: 1 })
  t.equal((await store.handle().read('old')).version, version)
})

t.test('fail counts the line of a workspace that is there as failed', async (t) => {
  const store = await usedStore()
  const { counts, failedLines } = await importInto(store, line('fresh', 'new') + line('old', 'new'), {
    onConflict: 'fail',
  })
  t.strictSame(counts, { ...none, imported: 1, failed: 1 })
  t.strictSame(failedLines, [[2, 'workspace old is there already']])
  t.strictSame(await idsIn(store, 'old'), ['before'])
})

t.test('of many lines of one workspace skip takes the first and replace the last', async (t) => {
  const text = Array.from({ length: 50 }, (_, n) => line('same', `p${n}`)).join('')
  // The earlier a write comes, the longer it takes: only those that wait for one another end in order.
  let delay = 100
  const hooks: MemoryStoreHooks = {
    beforeWrite: async () => {
      for (let turns = delay--; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
    },
  }
  const skipping = createMemoryStore(hooks)
  t.strictSame((await importInto(skipping, text)).counts, { ...none, imported: 1, skipped: 49 })
  t.strictSame(await idsIn(skipping, 'same'), ['p0'])

  delay = 100
  const replacing = createMemoryStore(hooks)
  t.strictSame((await importInto(replacing, text, { onConflict: 'replace' })).counts, {
    ...none,
    imported: 1,
    replaced: 49,
  })
  t.strictSame(await idsIn(replacing, 'same'), ['p49'])
})

t.test('a workspace that someone else writes at the same time is replaced all the same', async (t) => {
  let others = 3
  const store = await usedStore()
  const repository = store.handle()
  const busy = {
    ...delegate(store),
    read: async (workspaceId: string) => {
      const record = await repository.read(workspaceId)
      if (others-- > 0) await repository.write(workspaceId, record, record.version)
      return record
    },
  }
  const counts = await importWorkspaces(busy, inputOf(line('old', 'new')), {
    onConflict: 'replace',
    maxPhotos: 10,
    onFailedLine: (_, reason) => t.fail(reason),
  })
  t.strictSame(counts, { ...none, replaced: 1 })
  t.strictSame(await idsIn(store, 'old'), ['new'])
})

t.test('no more writes are in flight than the concurrency says', async (t) => {
  let inFlight = 0
  let most = 0
  const store = createMemoryStore({
    beforeWrite: () => {
      most = Math.max(most, ++inFlight)
      return new Promise((resolve) => setImmediate(resolve))
    },
    afterWrite: async () => {
      inFlight--
    },
  })
  const text = Array.from({ length: 100 }, (_, n) => line(`w${n}`)).join('')
  t.strictSame((await importInto(store, text, { concurrency: 7 })).counts, { ...none, imported: 100 })
  t.equal(most, 7)
})

t.test('an outage is waited out; one that does not end stops the import with what went in', async (t) => {
  const text = Array.from({ length: 200 }, (_, n) => line(`w${n}`)).join('')
  let writes = 0
  const passing = createMemoryStore({
    beforeWrite: async () => {
      if (++writes !== 50) return
      passing.goDown()
      setImmediate(() => passing.comeBack())
    },
  })
  t.strictSame((await importInto(passing, text, { concurrency: 8 })).counts, { ...none, imported: 200 })

  writes = 0
  const lasting = createMemoryStore({
    beforeWrite: async () => {
      if (++writes === 50) lasting.goDown()
    },
  })
  const failing = importInto(lasting, text, { concurrency: 8, retry: { baseDelayMs: 1, forMs: 20 } })
  await t.rejects(failing, {
    name: 'ImportError',
    message: /^the import stopped \(imported \d+, replaced 0, skipped 0, failed 0\): the store is down$/,
  })
  lasting.comeBack()
  const { imported, skipped } = (await importInto(lasting, text)).counts
  t.equal(imported + skipped, 200, 'the same import again puts the rest in')
  t.ok(skipped >= 40 && imported > 0)
})

t.test('a record that the store refuses is a line that failed', async (t) => {
  const store = createMemoryStore({
    beforeWrite: async (workspaceId) => {
      if (workspaceId === 'huge') throw new PhotosError('RECORD_TOO_LARGE', 'too large')
    },
  })
  const { counts, failedLines } = await importInto(store, line('a') + line('huge') + line('b'))
  t.strictSame(counts, { ...none, imported: 2, failed: 1 })
  t.strictSame(failedLines, [[2, 'too large']])
})

t.test('an abort ends it without an error, with what went in', async (t) => {
  const controller = new AbortController()
  const text = Array.from({ length: 200 }, (_, n) => line(`w${n}`)).join('')
  const store = createMemoryStore()
  const { counts } = await importInto(store, text, {
    concurrency: 4,
    signal: controller.signal,
    onProgress: ({ imported }) => {
      if (imported >= 20) controller.abort()
    },
  })
  t.ok(counts.imported >= 20 && counts.imported < 30)
  t.equal((await store.handle().status()).workspaces, counts.imported)
})

t.test('an input that breaks stops it with an error that says why', async (t) => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from(line('a'))
    throw new Error('the disk is gone')
  }
  const store = createMemoryStore()
  const importing = importWorkspaces(store.handle(), broken(), {
    onConflict: 'skip',
    maxPhotos: 10,
    onFailedLine: (_, reason) => t.fail(reason),
  })
  await t.rejects(importing, { name: 'ImportError', message: /\(imported 1, .*\): the disk is gone$/ })
})

/** The methods of a repository on the store, to be partly replaced. */
function delegate(store: MemoryStore): ReturnType<MemoryStore['handle']> {
  const repository = store.handle()
  return {
    read: (workspaceId, options) => repository.read(workspaceId, options),
    write: (workspaceId, content, expected) => repository.write(workspaceId, content, expected),
    changes: (options) => repository.changes(options),
    scan: (options) => repository.scan(options),
    ready: () => repository.ready(),
    status: () => repository.status(),
    close: () => repository.close(),
  }
}
