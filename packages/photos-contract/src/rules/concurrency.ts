import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  compareVersions,
  decodePhotos,
  encodePhotos,
  isPhotosError,
  NEVER_WRITTEN,
  type PhotoRepository,
  type Version,
  type WorkspaceRecord,
} from 'photos-domain'
import { ABSENT, contentOf, numbered, photoOf, put, putNew } from '../fixtures.js'
import { sameRecord, sameRecords } from '../outcomes.js'
import type { Rules } from '../store-under-test.js'

export const concurrencyRules: Rules = {
  'no update is lost among many writers of one workspace': async (t, store) => {
    const repositories = await store.repositories(4)
    const photoIds = repositories.map((_, at) => numbered(`p${at}-`, 20))
    const versions = await Promise.all(
      repositories.map((repository, at) => prependEach(repository, 'w', photoIds[at] ?? [])),
    )
    const record = await store.repository.read('w', { fresh: true })
    const stored = decodePhotos(record.photos).map(({ id }) => id)
    t.same(stored.toSorted(), photoIds.flat().toSorted(), 'every photo that was added is there, once')
    const given = versions.flat().toSorted(compareVersions)
    t.equal(new Set(given).size, given.length, 'no version was given twice')
    t.equal(record.version, given.at(-1), 'the record has the highest of them')
  },

  'many reads at once each answer the record of their own workspace': async (t, { repository }) => {
    const written = numbered('w', 60)
    const records = await putNew(repository, written)
    const asked = [
      ...written,
      ...numbered('never-written', 20),
      ...written.toReversed(),
      ...Array(40).fill('w7'),
    ]
    const [plain, fresh] = await Promise.all([
      Promise.all(asked.map((workspaceId) => repository.read(workspaceId))),
      Promise.all(asked.map((workspaceId) => repository.read(workspaceId, { fresh: true }))),
    ])
    const wanted = asked.map((workspaceId) => records.get(workspaceId) ?? ABSENT)
    const rows = (found: readonly WorkspaceRecord[]) =>
      asked.map((workspaceId, at) => [workspaceId, found[at], wanted[at] ?? ABSENT] as const)
    sameRecords(t, rows(plain), 'plain')
    sameRecords(t, rows(fresh), 'fresh')
  },

  'a read that starts after a write has resolved sees it, whatever reads are under way': async (
    t,
    { repository },
  ) => {
    await put(repository, 'w', contentOf('p'))
    await whileReading([repository], 'w', async () => {
      for (const photoId of numbered('p', 40)) {
        const { version } = await put(repository, 'w', contentOf(photoId))
        const [plain, fresh] = await Promise.all([
          repository.read('w'),
          repository.read('w', { fresh: true }),
        ])
        t.ok(compareVersions(plain.version, version) >= 0, `${plain.version} is not below ${version}`)
        t.ok(compareVersions(fresh.version, version) >= 0, `${fresh.version} is not below ${version}, fresh`)
      }
    })
  },

  'a read never answers the version of one write with the bytes of another': async (t, store) => {
    const [repository = store.repository, ...others] = await store.repositories(3)
    const written = new Map<Version, string>([[NEVER_WRITTEN, 'nothing']])
    const nameOf = (photos: Uint8Array) => decodePhotos(photos)[0]?.id ?? 'nothing'
    const seen = await whileReading([repository, ...others], 'w', async () => {
      for (const [at, photoId] of numbered('p', 60).entries()) {
        written.set((await put(repository, 'w', contentOf(photoId))).version, photoId)
        // So that every reader sees some of them, and not always in step with the writer.
        for (let turns = at % 4; turns > 0; turns--) await nextTurn()
      }
    })
    t.ok(seen.length > 0, 'something was read meanwhile')
    const torn = seen.filter(({ version, photos }) => nameOf(photos) !== written.get(version))
    t.same(torn, [], 'each answer is of one write')
  },

  'another repository on the store sees a write': async (t, store) => {
    const { repository } = store
    const [plain, fresh] = [await store.reopen(), await store.reopen()]
    // They read first, so that they have something old to answer.
    await Promise.all([plain.read('w'), fresh.read('w')])
    for (const photoId of numbered('p', 5)) {
      const written = await put(repository, 'w', contentOf(photoId))
      sameRecord(t, await fresh.read('w', { fresh: true }), written, 'at once by a fresh read')
      const mayTakeMs = store.otherWritesSeenWithinMs
      const seen = async () => (await plain.read('w')).version === written.version
      await store.until('a plain read sees the write of another repository', seen, mayTakeMs)
      sameRecord(t, await plain.read('w'), written, `by a plain read within ${mayTakeMs} ms`)
    }
  },
}

/** Adds photos in front one by one, again and again until each is in. Resolves to the versions that it was given. */
async function prependEach(
  repository: PhotoRepository,
  workspaceId: string,
  photoIds: readonly string[],
): Promise<Version[]> {
  const versions: Version[] = []
  for (const photoId of photoIds) {
    let version: Version | undefined
    for (let conflicts = 0; version === undefined; conflicts++) {
      // Each conflict is somebody's write, and there are not as many.
      if (conflicts > 1000) throw new Error('conflicts, and nobody who has written')
      version = await prepend(repository, workspaceId, photoId)
    }
    versions.push(version)
  }
  return versions
}

/** Adds a photo in front; undefined when another writer was faster. */
async function prepend(
  repository: PhotoRepository,
  workspaceId: string,
  photoId: string,
): Promise<Version | undefined> {
  const { photos, version } = await repository.read(workspaceId, { fresh: true })
  const next = encodePhotos([photoOf(photoId), ...decodePhotos(photos)])
  try {
    return await repository.write(workspaceId, { photos: next }, version)
  } catch (error) {
    if (isPhotosError(error, 'VERSION_CONFLICT')) return undefined
    throw error
  }
}

/** Keeps reads of the workspace under way while `act` runs. Resolves to what they answered. */
async function whileReading(
  repositories: readonly PhotoRepository[],
  workspaceId: string,
  act: () => Promise<void>,
): Promise<{ readonly version: Version; readonly photos: Uint8Array }[]> {
  let acting = true
  const readOn = async (repository: PhotoRepository, fresh: boolean) => {
    const records = []
    while (acting) {
      records.push(await repository.read(workspaceId, { fresh }))
      await nextTurn()
    }
    return records
  }
  const readers = repositories.flatMap((repository) => [readOn(repository, false), readOn(repository, true)])
  const action = act().finally(() => {
    acting = false
  })
  // All of them have ended before any of them fails the test.
  await Promise.allSettled([action, ...readers])
  await action
  return (await Promise.all(readers)).flat()
}
