import { encodePhotos, NEVER_WRITTEN, PhotoService, type WriteConditions } from 'photos-domain'
import t from 'tap'
import { codeOf, photoOf, storedPhotos } from './support.js'
import { TestRepository } from './test-repository.js'

const url = 'https://pictures.example/1.jpg'
const newPhoto = { url, description: 'new' }

function filled(): { repository: TestRepository; service: PhotoService; version: string } {
  const repository = new TestRepository()
  const version = repository.put('acme', { photos: encodePhotos([photoOf('a')]) })
  return { repository, service: new PhotoService(repository, { maxPhotosPerWorkspace: 3 }), version }
}

type Write = (service: PhotoService, conditions: WriteConditions) => Promise<unknown>

const WRITES: readonly (readonly [string, Write])[] = [
  ['adding', (service, conditions) => service.add('acme', newPhoto, conditions)],
  ['updating', (service, conditions) => service.update('acme', 'a', { url }, conditions)],
  ['removing', (service, conditions) => service.remove('acme', 'a', conditions)],
  ['clearing', (service, conditions) => service.clear('acme', conditions)],
]

for (const [name, write] of WRITES) {
  t.test(`${name} with If-Match goes through at a version it names, and only there`, async (t) => {
    const { repository, service, version } = filled()
    for (const ifMatch of [['999'], [], [NEVER_WRITTEN], [`${version}0`]]) {
      t.equal(await codeOf(() => write(service, { ifMatch })), 'PRECONDITION_FAILED')
    }
    t.equal(repository.writeAttempts, 0)
    await write(service, { ifMatch: ['999', version] })
    t.equal(repository.writeAttempts, 1)
  })

  t.test(`${name} with If-None-Match goes through at any version but those it names`, async (t) => {
    const { repository, service, version } = filled()
    for (const ifNoneMatch of ['*', [version], ['999', version]] as const) {
      t.equal(await codeOf(() => write(service, { ifNoneMatch })), 'PRECONDITION_FAILED')
    }
    t.equal(repository.writeAttempts, 0)
    await write(service, { ifNoneMatch: ['999'] })
    t.equal(repository.writeAttempts, 1)
  })

  t.test(`${name} with If-Match * always goes through, for a workspace always exists`, async (t) => {
    const { repository, service } = filled()
    await write(service, { ifMatch: '*' })
    t.equal(repository.writeAttempts, 1)
  })

  t.test(`${name} fails when another writer moves the record after its version was matched`, async (t) => {
    const { repository, service, version } = filled()
    repository.beforeWrite = () => {
      repository.put('acme', { photos: encodePhotos([photoOf('b'), photoOf('a')]) })
    }
    t.equal(await codeOf(() => write(service, { ifMatch: [version] })), 'PRECONDITION_FAILED')
    t.equal(repository.writeAttempts, 1, 'the second decision saw the new version')
    t.strictSame(storedPhotos(repository, 'acme'), [photoOf('b'), photoOf('a')])
  })
}

t.test('both conditions must hold', async (t) => {
  const { service, version } = filled()
  const conditions = { ifMatch: [version], ifNoneMatch: [version] }
  t.equal(await codeOf(() => service.clear('acme', conditions)), 'PRECONDITION_FAILED')
  t.equal(
    await codeOf(() => service.clear('acme', { ifMatch: ['9'], ifNoneMatch: ['8'] })),
    'PRECONDITION_FAILED',
  )
  await service.clear('acme', { ifMatch: [version], ifNoneMatch: ['999'] })
})

t.test('a workspace that was never written is at a version that can be matched', async (t) => {
  const repository = new TestRepository()
  const service = new PhotoService(repository)
  t.equal(await codeOf(() => service.add('acme', newPhoto, { ifNoneMatch: '*' })), 'PRECONDITION_FAILED')
  t.equal(await codeOf(() => service.add('acme', newPhoto, { ifMatch: ['1'] })), 'PRECONDITION_FAILED')
  await service.add('acme', newPhoto, { ifMatch: [NEVER_WRITTEN] })
  t.equal(
    await codeOf(() => service.add('acme', newPhoto, { ifMatch: [NEVER_WRITTEN] })),
    'PRECONDITION_FAILED',
  )
})

t.test('of two writers that matched the same version one wins', async (t) => {
  const { repository, version } = filled()
  const services = [new PhotoService(repository), new PhotoService(repository)]
  const outcomes = await Promise.allSettled(
    services.map((service) => service.add('acme', newPhoto, { ifMatch: [version] })),
  )
  t.same(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  t.equal(storedPhotos(repository, 'acme').length, 2)
})

t.test('what would fail without the condition fails for that reason, whatever the condition', async (t) => {
  const { repository, service } = filled()
  const conditions = { ifMatch: ['999'] }
  t.equal(await codeOf(() => service.update('acme', 'gone', { url }, conditions)), 'PHOTO_NOT_FOUND')
  t.equal(await codeOf(() => service.remove('acme', 'gone', conditions)), 'PHOTO_NOT_FOUND')
  repository.put('acme', { photos: encodePhotos([photoOf('c'), photoOf('b'), photoOf('a')]) })
  t.equal(await codeOf(() => service.add('acme', newPhoto, conditions)), 'WORKSPACE_FULL')
})

t.test('a condition is checked also where there is nothing to write', async (t) => {
  const { repository, service, version } = filled()
  const same = { description: 'photo a' }
  t.equal(await codeOf(() => service.update('acme', 'a', same, { ifMatch: ['999'] })), 'PRECONDITION_FAILED')
  t.equal(await codeOf(() => service.clear('empty', { ifMatch: ['999'] })), 'PRECONDITION_FAILED')
  t.equal((await service.update('acme', 'a', same, { ifMatch: [version] })).version, version)
  t.equal(repository.writeAttempts, 0)
})
