import { createMemoryStore, type OpenedRepository, repositoryContract } from 'photos-contract'
import {
  type Awaitable,
  encodePhotos,
  isPhotosError,
  NEVER_WRITTEN,
  NO_PHOTOS,
  type PhotoRepository,
  repositoryUnavailable,
  type WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'
import t from 'tap'
import { openMemory } from './memory-options.js'
import { altered } from './mutants/mutant.js'

const content = {
  photos: encodePhotos([{ id: 'p', url: 'https://pictures.example/p.jpg', description: 'p' }]),
}

t.test('the memory store passes the contract', async (t) => {
  await repositoryContract(t, { open: () => openMemory() })
})

t.test('the memory store passes the contract when every request takes its time', async (t) => {
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  const hooks = { beforeRead: turn, afterRead: turn, beforeWrite: turn, afterWrite: turn }
  await repositoryContract(t, { open: () => openMemory(createMemoryStore(hooks)) })
})

t.test('a repository that reads without a promise passes the contract', async (t) => {
  await repositoryContract(t, { open: openSynchronous })
})

t.test('a read that is held on its way answers what is stored when it arrives', async (t) => {
  const held = hold()
  const store = createMemoryStore({ beforeRead: () => held.promise })
  const read = store.handle().read('w')
  const version = await store.handle().write('w', content, NEVER_WRITTEN)
  held.release()
  t.equal((await read).version, version)
})

t.test('a read that is held on its way back answers what was stored before', async (t) => {
  const held = hold()
  const store = createMemoryStore({ afterRead: () => held.promise })
  const read = store.handle().read('w')
  await store.handle().write('w', content, NEVER_WRITTEN)
  held.release()
  t.equal((await read).version, NEVER_WRITTEN)
})

t.test('a held read rejects as soon as its signal aborts', async (t) => {
  const store = createMemoryStore({ beforeRead: () => new Promise(() => {}) })
  const controller = new AbortController()
  const read = Promise.resolve(store.handle().read('w', { signal: controller.signal }))
  const reason = new Error('the client has gone')
  controller.abort(reason)
  await t.rejects(read, reason)
})

t.test('a write that the outage meets on its way was not made; on its way back, nobody knows', async (t) => {
  for (const [hook, code, version] of [
    ['beforeWrite', 'REPOSITORY_UNAVAILABLE', '0'],
    ['afterWrite', 'WRITE_OUTCOME_UNKNOWN', '1'],
  ] as const) {
    const held = hold()
    const store = createMemoryStore({ [hook]: () => held.promise })
    const write = store.handle().write('w', content, NEVER_WRITTEN)
    await Promise.resolve()
    store.goDown()
    held.release()
    t.equal(await codeOf(write), code, hook)
    store.comeBack()
    t.equal((await store.handle().read('w')).version, version, `${hook}: what is stored`)
  }
})

t.test('what a hook throws its request rejects with', async (t) => {
  const failure = repositoryUnavailable('this one request failed')
  const store = createMemoryStore({
    beforeRead: (workspaceId) => (workspaceId === 'w' ? Promise.reject(failure) : undefined),
  })
  await t.rejects(Promise.resolve(store.handle().read('w')), failure)
  t.equal((await store.handle().read('other')).version, NEVER_WRITTEN, 'and no other one does')
})

t.test('the store counts what is asked of it by every repository, in vain or not', async (t) => {
  const store = createMemoryStore()
  await store.handle().read('w')
  await store.handle().write('w', content, NEVER_WRITTEN)
  t.equal(await codeOf(store.handle().write('w', content, NEVER_WRITTEN)), 'VERSION_CONFLICT')
  store.goDown()
  t.equal(await codeOf(store.handle().read('w')), 'REPOSITORY_UNAVAILABLE')
  t.same({ reads: store.reads, writes: store.writes }, { reads: 2, writes: 2 })
})

/** A promise that is settled from outside. */
function hold() {
  let release: () => void = () => {}
  const promise = new Promise<void>((resolve) => {
    release = resolve
  })
  return { promise, release }
}

const codeOf = async (work: Awaitable<unknown>): Promise<unknown> =>
  Promise.resolve(work).then(
    () => 'resolved',
    (error: unknown) => (isPhotosError(error) ? error.code : error),
  )

/** The model with reads that return, and throw, on the spot, as an embedded store may. */
async function openSynchronous(): Promise<OpenedRepository> {
  const store = createMemoryStore()
  const records = new Map<WorkspaceId, WorkspaceRecord>()
  return {
    ...(await openMemory(store, () => synchronous(store.handle(), records))),
    outage: { impossible: 'it is in the same process' },
    lostAnswers: { impossible: 'an answer is a return value' },
  }
}

function synchronous(model: PhotoRepository, records: Map<WorkspaceId, WorkspaceRecord>): PhotoRepository {
  let closed = false
  return altered(model, {
    read: (workspaceId, options) => {
      options?.signal?.throwIfAborted()
      if (closed) throw repositoryUnavailable('the repository is closed')
      return records.get(workspaceId) ?? { photos: NO_PHOTOS, version: NEVER_WRITTEN }
    },
    write: async (workspaceId, content, expected) => {
      const version = await model.write(workspaceId, content, expected)
      records.set(workspaceId, { ...content, version })
      return version
    },
    close: () => {
      closed = true
      return model.close()
    },
  })
}
