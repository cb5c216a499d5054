import {
  encodePhotos,
  NEVER_WRITTEN,
  PhotoService,
  versionConflict,
  writeOutcomeUnknown,
} from 'photos-domain'
import t from 'tap'
import { codeOf, errorOf, photoOf, storedPhotos } from './support.js'
import { TestRepository } from './test-repository.js'

const newPhoto = { url: 'https://pictures.example/1.jpg', description: 'new' }
const AT_ONCE = { attempts: 5, baseDelayMs: 0, maxDelayMs: 0 }

/** Adds the photo in front of those there are, as another process would. */
function addElsewhere(repository: TestRepository, workspaceId: string, id: string): void {
  const photos = encodePhotos([photoOf(id), ...storedPhotos(repository, workspaceId)])
  repository.put(workspaceId, { photos, receipts: repository.records.get(workspaceId)?.receipts })
}

const idsOf = (repository: TestRepository, workspaceId: string): string[] =>
  storedPhotos(repository, workspaceId).map(({ id }) => id)

t.test('a write that lost against others is decided anew on what they wrote', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository, { backoff: AT_ONCE })
  let others = 0
  repository.beforeWrite = () => {
    if (others < 3) addElsewhere(repository, 'acme', `other${++others}`)
  }
  const { photo, version } = await service.add('acme', newPhoto)
  t.strictSame(idsOf(repository, 'acme'), [photo.id, 'other3', 'other2', 'other1'])
  t.equal(version, repository.records.get('acme')?.version)
  t.equal(repository.writeAttempts, 4)
})

t.test(
  'a write that always loses gives up after its attempts, tells why, and has written nothing',
  async (t) => {
    const repository = new TestRepository()
    const service = new PhotoService(repository, { backoff: AT_ONCE })
    let others = 0
    repository.beforeWrite = () => addElsewhere(repository, 'acme', `other${++others}`)
    const error = await errorOf(() => service.add('acme', newPhoto))
    t.equal(error.code, 'WRITE_CONTENTION')
    t.equal(error.retryAfterMs, 1000)
    t.match(error.cause, { code: 'VERSION_CONFLICT' })
    t.equal(repository.writeAttempts, 6, 'one on what a cache may have, and the attempts on what is stored')
    t.strictSame(idsOf(repository, 'acme'), ['other6', 'other5', 'other4', 'other3', 'other2', 'other1'])
  },
)

t.test('a write is tried 12 times on what is stored unless the service is told otherwise', async (t) => {
  const repository = new TestRepository()
  repository.beforeWrite = () => {
    throw versionConflict('acme')
  }
  t.equal(await codeOf(() => new PhotoService(repository).add('acme', newPhoto)), 'WRITE_CONTENTION')
  t.equal(repository.writeAttempts, 13)
  t.equal(repository.reads.filter(({ options }) => options?.fresh).length, 12)
})

t.test('many writers in many processes lose no update', async (t) => {
  const repository = new TestRepository()
  const backoff = { attempts: 1000, baseDelayMs: 0, maxDelayMs: 0 }
  const services = Array.from({ length: 8 }, () => new PhotoService(repository, { backoff }))
  const added = await Promise.all(
    services.flatMap((service) => Array.from({ length: 10 }, () => service.add('acme', newPhoto))),
  )
  t.same(new Set(idsOf(repository, 'acme')), new Set(added.map(({ photo }) => photo.id)))
  t.equal(storedPhotos(repository, 'acme').length, 80)
})

t.test('changes of different photos from different processes are all kept', async (t) => {
  const repository = new TestRepository()
  const ids = Array.from({ length: 10 }, (_, i) => `photo${i}`)
  repository.put('acme', { photos: encodePhotos(ids.map((id) => photoOf(id))) })
  const backoff = { attempts: 1000, baseDelayMs: 0, maxDelayMs: 0 }
  await Promise.all(
    ids.map((id) =>
      new PhotoService(repository, { backoff }).update('acme', id, { description: `new ${id}` }),
    ),
  )
  t.strictSame(
    storedPhotos(repository, 'acme'),
    ids.map((id) => ({ ...photoOf(id), description: `new ${id}` })),
  )
})

t.test('a photo that was stored though its write seemed to lose is not added again', async (t) => {
  for (const idempotencyKey of [undefined, 'k']) {
    const repository = new TestRepository()
    const service = new PhotoService(repository, { backoff: AT_ONCE })
    repository.afterWrite = () => {
      throw versionConflict('acme')
    }
    const added = await service.add('acme', newPhoto, { idempotencyKey, ifMatch: [NEVER_WRITTEN] })
    t.strictSame(storedPhotos(repository, 'acme'), [added.photo])
    t.equal(added.version, repository.records.get('acme')?.version)
    t.notOk(added.replayed)
  }
})

t.test('nor is it when others have added photos in front of it meanwhile', async (t) => {
  for (const idempotencyKey of [undefined, 'k']) {
    const repository = new TestRepository()
    const service = new PhotoService(repository, { backoff: AT_ONCE })
    repository.afterWrite = () => {
      addElsewhere(repository, 'acme', 'other')
      throw versionConflict('acme')
    }
    const { photo, version } = await service.add('acme', newPhoto, { idempotencyKey })
    t.strictSame(idsOf(repository, 'acme'), ['other', photo.id])
    t.equal(version, repository.records.get('acme')?.version)
  }
})

t.test('nor does it get a version when others have changed it meanwhile', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository, { backoff: AT_ONCE })
  repository.afterWrite = () => {
    const changed = storedPhotos(repository, 'acme').map((photo) => ({ ...photo, description: 'changed' }))
    repository.put('acme', { photos: encodePhotos(changed) })
    throw versionConflict('acme')
  }
  const { photo, version } = await service.add('acme', newPhoto)
  t.equal(photo.description, 'new')
  t.equal(version, undefined)
  t.equal(storedPhotos(repository, 'acme').length, 1)
})

t.test('an update that was stored though its write seemed to lose is not written again', async (t) => {
  const repository = new TestRepository()
  repository.put('acme', { photos: encodePhotos([photoOf('a')]) })
  const service = new PhotoService(repository, { backoff: AT_ONCE })
  repository.afterWrite = () => {
    throw versionConflict('acme')
  }
  const { version } = await service.update('acme', 'a', { description: 'changed' })
  t.equal(repository.writeAttempts, 1)
  t.equal(version, repository.records.get('acme')?.version)
})

t.test(
  'a write whose outcome is unknown is not tried again, and with its key it is safe to send again',
  async (t) => {
    const repository = new TestRepository()
    const service = new PhotoService(repository)
    repository.afterWrite = () => {
      throw writeOutcomeUnknown('acme')
    }
    t.equal(
      await codeOf(() => service.add('acme', newPhoto, { idempotencyKey: 'k' })),
      'WRITE_OUTCOME_UNKNOWN',
    )
    t.equal(repository.writeAttempts, 1)
    repository.afterWrite = () => {}
    const again = await service.add('acme', newPhoto, { idempotencyKey: 'k' })
    t.ok(again.replayed)
    t.strictSame(storedPhotos(repository, 'acme'), [again.photo])
  },
)

/** A repository whose writes wait until `open` is called. */
function held(): { repository: TestRepository; open: () => void } {
  const repository = new TestRepository()
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  repository.beforeWrite = () => opened
  return { repository, open: () => open() }
}

t.test('no more writes to one workspace wait than may, and other workspaces are not held up', async (t) => {
  const { repository, open } = held()
  const service = new PhotoService(repository, { maxQueuedWrites: 2 })
  const taken = [1, 2, 3].map((i) => service.add('acme', { ...newPhoto, description: `photo ${i}` }))
  // A turn of the event loop, after which each of them has its place in the queue.
  await new Promise((resolve) => setImmediate(resolve))
  const error = await errorOf(() => service.add('acme', newPhoto))
  t.equal(error.code, 'WRITE_CONTENTION')
  t.equal(error.retryAfterMs, 1000)
  const elsewhere = service.add('globex', newPhoto)
  open()
  await Promise.all([...taken, elsewhere])
  t.equal(storedPhotos(repository, 'acme').length, 3)
  t.equal(storedPhotos(repository, 'globex').length, 1)
  await service.add('acme', newPhoto)
  t.equal(storedPhotos(repository, 'acme').length, 4, 'there is room again')
})

t.test('a service that lets none wait still writes one at a time', async (t) => {
  const { repository, open } = held()
  const service = new PhotoService(repository, { maxQueuedWrites: 0 })
  const first = service.add('acme', newPhoto)
  const second = codeOf(() => service.add('acme', newPhoto))
  t.equal(await second, 'WRITE_CONTENTION')
  open()
  await first
  await service.add('acme', newPhoto)
  t.equal(storedPhotos(repository, 'acme').length, 2)
})

t.test('what another process writes between two that wait for each other is kept', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository, { backoff: AT_ONCE })
  repository.beforeWrite = () => {
    if (repository.writeAttempts === 2) addElsewhere(repository, 'acme', 'other')
  }
  const [first, second] = await Promise.all([service.add('acme', newPhoto), service.add('acme', newPhoto)])
  t.strictSame(idsOf(repository, 'acme'), [second.photo.id, 'other', first.photo.id])
  t.equal(repository.writeAttempts, 3)
  t.equal(repository.reads.length, 2)
})

t.test('what is refused is refused by what is stored, not by what the write before left', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository, { backoff: AT_ONCE })
  repository.afterWrite = () => {
    if (repository.writeAttempts === 1) addElsewhere(repository, 'acme', 'other')
  }
  const [{ photo }] = await Promise.all([service.add('acme', newPhoto), service.remove('acme', 'other')])
  t.strictSame(idsOf(repository, 'acme'), [photo.id])
})

t.test('what needs no write is told by what is stored, not by what the write before left', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository, { backoff: AT_ONCE })
  repository.put('acme', { photos: encodePhotos([photoOf('one')]) })
  repository.afterWrite = () => {
    if (repository.writeAttempts === 1) addElsewhere(repository, 'acme', 'other')
  }
  await Promise.all([service.clear('acme'), service.clear('acme')])
  t.strictSame(idsOf(repository, 'acme'), [])
})

t.test('after a write of unknown outcome the next one reads the store', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository, { backoff: AT_ONCE })
  repository.afterWrite = () => {
    throw writeOutcomeUnknown('acme', new Error('the answer was lost'))
  }
  const lost = codeOf(() => service.add('acme', newPhoto))
  const next = service.clear('acme')
  repository.beforeWrite = () => {
    if (repository.writeAttempts === 2) repository.afterWrite = () => {}
  }
  t.equal(await lost, 'WRITE_OUTCOME_UNKNOWN')
  t.equal((await next).version, '2')
  t.equal(repository.reads.length, 2)
  t.strictSame(idsOf(repository, 'acme'), [])
})
