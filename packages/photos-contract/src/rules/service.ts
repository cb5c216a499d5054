import { decodePhotos, PhotoService, photoIn } from 'photos-domain'
import { numbered } from '../fixtures.js'
import { codeOf } from '../outcomes.js'
import type { Rules } from '../store-under-test.js'

const newPhoto = (description: string) => ({ url: 'https://pictures.example/1.jpg', description })

/** The domain's own use of the port, end to end. */
export const serviceRules: Rules = {
  'PhotoService adds, changes, removes and clears': async (t, { repository }) => {
    const service = new PhotoService(repository)
    const list = async () => decodePhotos((await service.list('w')).photos)
    t.same(await list(), [], 'nothing yet')
    const first = await service.add('w', newPhoto('first'))
    const second = await service.add('w', newPhoto('second'))
    t.same(await list(), [second.photo, first.photo], 'newest first')
    t.equal((await service.list('w')).version, second.version, 'at the version that the write gave')
    const changed = await service.update('w', first.photo.id, { description: 'zweites “Bild” 😀' })
    t.same(await list(), [second.photo, changed.photo], 'changed')
    const bytes = photoIn(await service.list('w'), 'w', first.photo.id)
    t.same(JSON.parse(Buffer.from(bytes).toString()), changed.photo, 'cut out of its list')
    await service.remove('w', second.photo.id)
    t.same(await list(), [changed.photo], 'removed')
    t.equal(await codeOf(() => service.remove('w', second.photo.id)), 'PHOTO_NOT_FOUND', 'removed once')
    const stale = { ifMatch: [second.version ?? ''] }
    t.equal(
      await codeOf(() => service.clear('w', stale)),
      'PRECONDITION_FAILED',
      'only at the version that is asked',
    )
    const cleared = await service.clear('w')
    t.same(await list(), [], 'cleared')
    t.equal((await service.clear('w')).version, cleared.version, 'clearing again writes nothing')
  },

  'PhotoService loses nothing of what many add at once in many repositories': async (t, store) => {
    const services = await servicesOf(store.repositories(4))
    const added = await Promise.all(
      services.flatMap((service, at) =>
        numbered(`${at}-`, 8).map((description) => service.add('w', newPhoto(description))),
      ),
    )
    const { photos } = await store.repository.read('w', { fresh: true })
    const idsOf = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id).toSorted()
    t.same(idsOf(decodePhotos(photos)), idsOf(added.map(({ photo }) => photo)), 'each photo is there, once')
  },

  'PhotoService adds one photo for one idempotency key, wherever it is sent': async (t, store) => {
    const services = await servicesOf(store.repositories(4))
    const [service] = services
    const send = () => services.map((each) => each.add('w', newPhoto('once'), { idempotencyKey: 'key-1' }))
    const answers = await Promise.all([...send(), ...send()])
    t.equal(new Set(answers.map(({ photo }) => photo.id)).size, 1, 'each answer is the same photo')
    t.equal(answers.filter(({ replayed }) => !replayed).length, 1, 'one of them made it')
    const { photos } = await store.repository.read('w', { fresh: true })
    t.same(decodePhotos(photos), [answers[0]?.photo], 'it is there once')
    const other = await codeOf(() => service?.add('w', newPhoto('other'), { idempotencyKey: 'key-1' }))
    t.equal(other, 'IDEMPOTENCY_KEY_REUSED', 'another photo under the same key is refused')
  },
}

/** They meet at one workspace on purpose, so each tries for as long as it takes. */
async function servicesOf(repositories: Promise<readonly ConstructorParameters<typeof PhotoService>[0][]>) {
  const backoff = { attempts: 300, baseDelayMs: 1, maxDelayMs: 10 }
  return (await repositories).map((repository) => new PhotoService(repository, { backoff }))
}
