import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Change, encodePhotos, type PhotoRepository, repositoryUnavailable } from 'photos-domain'
import { openLmdbRepository } from 'photos-lmdb'
import t, { type Test } from 'tap'
import { Copier } from '../dist/migrate/copier.js'
import { photo } from './support.js'

async function stores(t: Test) {
  const folder = t.testdir()
  const source = await openLmdbRepository({ path: join(folder, 'source') })
  const target = await openLmdbRepository({ path: join(folder, 'target') })
  t.teardown(() => Promise.all([source.close(), target.close()]))
  return { source, target }
}

const OPTIONS = { onFailed: () => undefined, onCopied: () => undefined, retry: { forMs: 0 } }

const bytes = (text: string) => encodePhotos([photo('p', text)])

async function* changesOf(...workspaceIds: string[]): AsyncGenerator<Change> {
  for (const [index, workspaceId] of workspaceIds.entries()) {
    yield { workspaceId, version: '1', cursor: String(index) }
  }
}

/** The repository with some of its methods replaced. */
const withMethods = (repository: PhotoRepository, methods: Partial<PhotoRepository>): PhotoRepository => ({
  read: (...args) => repository.read(...args),
  write: (...args) => repository.write(...args),
  changes: (options) => repository.changes(options),
  scan: (options) => repository.scan(options),
  ready: () => repository.ready(),
  status: () => repository.status(),
  close: () => repository.close(),
  ...methods,
})

t.test('an older record is never put over a newer one, whoever copies', async (t) => {
  const { source, target } = await stores(t)
  const version = await source.write('a', { photos: bytes('old') }, '0')
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  // It has read the old record when the other one, which is faster, copies the new one.
  let reads = 0
  const slow = withMethods(source, {
    read: async (...args) => {
      const record = await source.read(...args)
      if (reads++ === 0) await held
      return record
    },
  })
  const slowCopy = new Copier(slow, target, OPTIONS).copy(changesOf('a'))
  while (reads === 0) await nextTurn()
  await source.write('a', { photos: bytes('new') }, version)
  await new Copier(source, target, OPTIONS).copy(changesOf('a'))
  release()
  await slowCopy
  t.strictSame(Buffer.from((await target.read('a')).photos), Buffer.from(bytes('new')))
})

t.test('its cursor is that of the last change before the first one that is not copied', async (t) => {
  const { source, target } = await stores(t)
  for (const id of ['a', 'b', 'c']) await source.write(id, { photos: bytes(id) }, '0')
  const away = repositoryUnavailable('away')
  const failing = withMethods(target, {
    write: async (workspaceId, ...rest) => {
      if (workspaceId === 'b') throw away
      return target.write(workspaceId, ...rest)
    },
  })
  const copier = new Copier(source, failing, OPTIONS)
  t.equal(copier.cursor, undefined)
  await t.rejects(copier.copy(changesOf('a', 'b', 'c')), away)
  t.equal(copier.cursor, '0')
  t.ok(copier.stopping.aborted, 'a feed that waits for more ends too')
})

t.test('a workspace that the target cannot take is told, and the others are copied', async (t) => {
  const { source, target } = await stores(t)
  await source.write('fine', { photos: bytes('a') }, '0')
  const odd = withMethods(source, {
    read: (workspaceId, options) =>
      workspaceId === 'odd'
        ? { photos: Buffer.from('no list'), version: '1' }
        : source.read(workspaceId, options),
  })
  const failed: string[] = []
  const copier = new Copier(odd, target, { ...OPTIONS, onFailed: (workspaceId) => failed.push(workspaceId) })
  await copier.copy(changesOf('odd', 'fine'))
  t.strictSame(failed, ['odd'])
  t.strictSame([...copier.failed], ['odd'])
  t.match(copier.counts, { written: 1, same: 0 })
  t.equal(copier.cursor, '1')
})

t.test('a workspace that comes often is copied in turn, without conflicts', async (t) => {
  const { source, target } = await stores(t)
  await source.write('a', { photos: bytes('a') }, '0')
  let writes = 0
  const counting = withMethods(target, {
    write: (...args) => {
      writes++
      return target.write(...args)
    },
  })
  const copier = new Copier(source, counting, OPTIONS)
  await copier.copy(changesOf(...Array.from({ length: 100 }, () => 'a')))
  t.match(copier.counts, { written: 1, same: 99 })
  t.equal(writes, 1)
})
