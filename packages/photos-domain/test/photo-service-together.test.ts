import {
  decodePhotos,
  encodePhotos,
  type Photo,
  PhotoService,
  PhotosError,
  type PhotosErrorCode,
  repositoryUnavailable,
  type Version,
  writeOutcomeUnknown,
} from 'photos-domain'
import t, { type Test } from 'tap'
import { codeOf, photoOf, storedPhotos } from './support.js'
import { TestRepository } from './test-repository.js'

const newPhoto = { url: 'https://pictures.example/1.jpg', description: 'new' }
const AT_ONCE = { attempts: 1000, baseDelayMs: 0, maxDelayMs: 0 }

/** A service with a write to `acme` under way, behind which others wait; the workspace holds the photos `a` and `b`. */
function busy(): { repository: TestRepository; service: PhotoService; first: Promise<unknown> } {
  const repository = new TestRepository()
  repository.put('acme', { photos: encodePhotos([photoOf('a'), photoOf('b')]) })
  const service = new PhotoService(repository, { backoff: AT_ONCE, maxPhotosPerWorkspace: 5 })
  return { repository, service, first: service.add('acme', newPhoto) }
}

t.test('writes that wait are stored together, as one version, in the order they came', async (t) => {
  const { repository, service, first } = busy()
  const [added, updated, removed] = await Promise.all([
    service.add('acme', newPhoto),
    service.update('acme', 'a', { description: 'changed' }),
    service.remove('acme', 'b'),
    first,
  ])
  t.equal(repository.writeAttempts, 2)
  t.equal(repository.reads.length, 1)
  t.strictSame([added.version, removed.version], [updated.version, updated.version])
  const [newest, , last] = storedPhotos(repository, 'acme')
  t.strictSame([newest, last], [added.photo, updated.photo])
  await service.add('acme', newPhoto)
  t.equal(repository.reads.length, 2, 'and what no one waits for is not kept')
})

t.test('one that is refused does not hold up those it waited with', async (t) => {
  const { repository, service, first } = busy()
  const [unknown, fourth, fifth, full, changed] = await Promise.all([
    codeOf(() => service.remove('acme', 'nope')),
    service.add('acme', newPhoto),
    service.add('acme', newPhoto),
    codeOf(() => service.add('acme', newPhoto)),
    service.update('acme', 'b', { description: 'changed' }),
    first,
  ])
  t.strictSame([unknown, full], ['PHOTO_NOT_FOUND', 'WORKSPACE_FULL'])
  t.strictSame([fourth.version, fifth.version], [changed.version, changed.version])
  t.equal(storedPhotos(repository, 'acme').length, 5)
  t.equal(repository.writeAttempts, 2)
})

t.test('two that are about the same photo do not share a version', async (t) => {
  const { repository, service, first } = busy()
  const [one, two, emptied] = await Promise.all([
    service.update('acme', 'a', { description: 'one' }),
    service.update('acme', 'a', { description: 'two' }),
    service.clear('acme'),
    first,
  ])
  t.equal(new Set([one.version, two.version, emptied.version]).size, 3)
  t.equal(repository.writeAttempts, 4)
})

t.test('one that has to wait for its photo does not hold up those behind it', async (t) => {
  const { repository, service, first } = busy()
  const [one, two, other, added] = await Promise.all([
    service.update('acme', 'a', { description: 'one' }),
    service.update('acme', 'a', { description: 'two' }),
    service.update('acme', 'b', { description: 'other' }),
    service.add('acme', newPhoto),
    first,
  ])
  t.strictSame([other.version, added.version], [one.version, one.version])
  t.equal(repository.writeAttempts, 3)
  const [, , a, b] = storedPhotos(repository, 'acme')
  t.strictSame([a, b], [two.photo, other.photo], 'and what was asked last of a photo is what it is')
})

t.test('a condition is held against a version that there is', async (t) => {
  const { repository, service, first } = busy()
  const added = service.add('acme', newPhoto)
  const conditional = codeOf(() => service.update('acme', 'a', { description: 'x' }, { ifMatch: ['1'] }))
  const unless = service.update('acme', 'b', { description: 'y' }, { ifNoneMatch: ['1'] })
  await Promise.all([first, added])
  t.equal(await conditional, 'PRECONDITION_FAILED')
  t.ok((await unless).version)
  t.equal(repository.writeAttempts, 3)
})

t.test('when the store fails, all that were to be stored together fail with it', async (t) => {
  const { repository, service, first } = busy()
  const added = codeOf(() => service.add('acme', newPhoto))
  const refused = codeOf(() => service.remove('acme', 'nope'))
  repository.beforeWrite = () => {
    if (repository.writeAttempts === 2) throw repositoryUnavailable('gone')
  }
  await first
  t.strictSame(await Promise.all([added, refused]), ['REPOSITORY_UNAVAILABLE', 'REPOSITORY_UNAVAILABLE'])
  t.equal(storedPhotos(repository, 'acme').length, 3)
})

t.test('when the store cannot be read, all that wait are told', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository)
  repository.read = () => {
    throw repositoryUnavailable('gone')
  }
  const codes = await Promise.all([1, 2, 3].map(() => codeOf(() => service.add('acme', newPhoto))))
  t.strictSame(new Set(codes), new Set(['REPOSITORY_UNAVAILABLE']))
})

t.test('where they are too large together, only one that is too large itself is refused', async (t) => {
  const { repository, service, first } = busy()
  const limit = 3
  const write = repository.write.bind(repository)
  repository.write = async (workspaceId, content, expected) => {
    if (decodePhotos(content.photos).length > limit) throw new PhotosError('RECORD_TOO_LARGE', 'no room')
    return write(workspaceId, content, expected)
  }
  const codes = Promise.all([
    codeOf(() => service.add('acme', newPhoto)),
    codeOf(() => service.add('acme', newPhoto)),
  ])
  const removed = service.remove('acme', 'a')
  const fits = service.add('acme', newPhoto)
  await first
  t.strictSame(await codes, ['RECORD_TOO_LARGE', 'RECORD_TOO_LARGE'])
  t.ok((await removed).version)
  t.ok((await fits).version)
})

t.test('together they are at most 64', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository)
  await Promise.all(Array.from({ length: 130 }, () => service.add('acme', newPhoto)))
  t.equal(repository.writeAttempts, 4, 'the first, 64, 64, and the last')
  t.equal(storedPhotos(repository, 'acme').length, 130)
})

/** A generator of small numbers, the same for the same seed (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** A store that takes its time, fails now and then, and remembers what every version was. */
function shakyRepository(random: (below: number) => number) {
  const repository = new TestRepository()
  const versions = new Map<Version, readonly Photo[]>([['0', []]])
  const before = new Map<Version, Version>()
  const turns = async (): Promise<void> => {
    for (let i = random(3); i > 0; i--) await new Promise((resolve) => setImmediate(resolve))
  }
  const { put } = repository
  repository.put = (workspaceId, content) => {
    const previous = repository.records.get(workspaceId)?.version ?? '0'
    const version = put.call(repository, workspaceId, content)
    versions.set(version, decodePhotos(content.photos))
    before.set(version, previous)
    return version
  }
  repository.beforeWrite = async () => {
    await turns()
    if (random(12) === 0) throw repositoryUnavailable('now and then')
  }
  repository.afterWrite = () => {
    if (random(12) === 0) throw writeOutcomeUnknown('acme', new Error('the answer was lost'))
  }
  return { repository, versions, before, turns }
}

const REFUSALS: ReadonlySet<PhotosErrorCode | undefined> = new Set([
  'PHOTO_NOT_FOUND',
  'PRECONDITION_FAILED',
  'WORKSPACE_FULL',
  'REPOSITORY_UNAVAILABLE',
  'WRITE_OUTCOME_UNKNOWN',
])

async function history(t: Test, seed: number): Promise<void> {
  const random = randomOf(seed)
  const { repository, versions, before, turns } = shakyRepository(random)
  const options = { backoff: AT_ONCE, maxPhotosPerWorkspace: 12 }
  const services = [new PhotoService(repository, options), new PhotoService(repository, options)]
  const ids: string[] = []
  const at = (version: Version | undefined): readonly Photo[] => versions.get(version ?? '') ?? []
  const wrong: string[] = []
  const check = (holds: boolean, what: string): void => void (holds || wrong.push(what))

  const client = async (): Promise<void> => {
    for (let i = 0; i < 25; i++) {
      const service = services[random(2)]
      const id = ids[random(Math.max(1, ids.length))] ?? 'none'
      const ifMatch = random(4) === 0 ? [repository.records.get('acme')?.version ?? '0'] : undefined
      try {
        switch (random(8)) {
          case 0: {
            const removed = await service?.remove('acme', id, { ifMatch })
            check(!at(removed?.version).some((photo) => photo.id === id), 'a removed photo is there')
            break
          }
          case 1: {
            if (random(4) > 0) break
            const emptied = await service?.clear('acme', { ifMatch })
            check(at(emptied?.version).length === 0, 'an emptied workspace holds photos')
            break
          }
          case 2:
          case 3:
          case 4: {
            const changed = await service?.update(
              'acme',
              id,
              { description: `d${random(1000)}` },
              { ifMatch },
            )
            const there = at(changed?.version).find((photo) => photo.id === id)
            check(there?.description === changed?.photo.description, 'a version has another description')
            break
          }
          default: {
            const added = await service?.add('acme', newPhoto, { ifMatch })
            if (added === undefined) break
            ids.push(added.photo.id)
            const there = at(added.version).find((photo) => photo.id === added.photo.id)
            check(added.version === undefined || there?.description === 'new', 'an added photo is not there')
            if (ifMatch !== undefined && added.version !== undefined) {
              check(ifMatch.includes(before.get(added.version) ?? ''), 'a condition was passed over')
            }
          }
        }
      } catch (error) {
        const code = Reflect.get(Object(error), 'code') as PhotosErrorCode | undefined
        if (!REFUSALS.has(code)) throw error
      }
      await turns()
    }
  }
  await Promise.all(Array.from({ length: 12 }, client))
  t.strictSame(wrong, [], `seed ${seed}`)
}

t.test('whatever comes together, every answer holds of the version it names', async (t) => {
  for (let seed = 1; seed <= 40; seed++) await history(t, seed)
})
