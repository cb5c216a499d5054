import { NEVER_WRITTEN, type Version } from 'photos-domain'
import { ABSENT, contentOf, EMPTY, numbered, put, putNew, receiptsOf } from '../fixtures.js'
import { codeOf, readsBack, sameAsWon, sameRecord } from '../outcomes.js'
import type { Rules } from '../store-under-test.js'

export const conditionalWriteRules: Rules = {
  'a write that expects another version than the record has is refused, and changes nothing': async (
    t,
    store,
  ) => {
    const { repository } = store
    const older = await put(repository, 'w', contentOf('first'))
    const written = await put(repository, 'w', { ...contentOf('second'), receipts: receiptsOf('key') })
    for (const photoId of numbered('p', 3)) await put(repository, 'ahead', contentOf(photoId))
    const { version: ahead } = await repository.read('ahead')
    const other = await store.reopen()
    for (const expected of [NEVER_WRITTEN, older.version, ahead]) {
      const refused = await codeOf(() => repository.write('w', contentOf('refused'), expected))
      t.equal(refused, 'VERSION_CONFLICT', `expecting ${expected} at ${written.version}`)
      const there = await codeOf(() => other.write('w', EMPTY, expected))
      t.equal(
        there,
        'VERSION_CONFLICT',
        `expecting ${expected} at ${written.version}, from another repository`,
      )
    }
    sameRecord(t, await repository.read('w'), written, 'afterwards')
    sameRecord(t, await repository.read('w', { fresh: true }), written, 'afterwards, fresh')
    const next = await codeOf(() => repository.write('w', contentOf('third'), written.version))
    t.equal(next, 'resolved', 'the right version is still taken')
  },

  'a write that expects a version is refused where there is no record': async (t, { repository }) => {
    const { version } = await put(repository, 'another', contentOf('p'))
    t.equal(await codeOf(() => repository.write('new', contentOf('p'), version)), 'VERSION_CONFLICT')
    sameRecord(t, await repository.read('new', { fresh: true }), ABSENT, 'afterwards')
  },

  'a write that expects 0 is refused where there is a record, even an empty one': async (
    t,
    { repository, raisesVersions },
  ) => {
    const written = await put(repository, 'full', contentOf('p'))
    const refused = await codeOf(() => repository.write('full', contentOf('q'), NEVER_WRITTEN))
    t.equal(refused, 'VERSION_CONFLICT', 'a record')
    const full = await repository.read('full', { fresh: true })
    sameAsWon(t, raisesVersions, full, written, 'a record, afterwards')
    await put(repository, 'emptied', contentOf('p'))
    const emptied = await put(repository, 'emptied', EMPTY)
    const refusedToo = await codeOf(() => repository.write('emptied', contentOf('q'), NEVER_WRITTEN))
    t.equal(refusedToo, 'VERSION_CONFLICT', 'an empty record')
    const empty = await repository.read('emptied', { fresh: true })
    sameAsWon(t, raisesVersions, empty, emptied, 'an empty record, afterwards')
  },

  'of many writers that expect the same version, one wins': async (t, store) => {
    const repositories = await store.repositories(4)
    let expected: Version = NEVER_WRITTEN
    for (const round of numbered('round', 4)) {
      const outcomes = await Promise.all(
        repositories.flatMap((repository, at) =>
          numbered(`${round}-${at}-`, 4).map(async (photoId) => {
            const content = contentOf(photoId)
            let version: Version | undefined
            const code = await codeOf(async () => {
              version = await repository.write('w', content, expected)
            })
            return { code, content, version }
          }),
        ),
      )
      const winners = outcomes.filter(({ code }) => code === 'resolved')
      const losers = outcomes.filter(({ code }) => code === 'VERSION_CONFLICT')
      t.equal(winners.length, 1, `${round}: one wins`)
      t.equal(losers.length, outcomes.length - 1, `${round}: the others are told of the conflict`)
      const winner = winners[0]
      const record = await store.repository.read('w', { fresh: true })
      if (winner?.version !== undefined) {
        sameAsWon(
          t,
          store.raisesVersions,
          record,
          { ...winner.content, version: winner.version },
          `${round}: the winner's is stored`,
        )
      }
      expected = record.version
    }
  },

  'each of many writes at once has an answer of its own': async (t, { repository }) => {
    const ids = numbered('w', 100)
    const records = await putNew(repository, ids)
    const tenth = (at: number) => at % 10 === 3
    const outcomes = await Promise.all(
      ids.map(async (workspaceId, at) => {
        const content = contentOf(`${workspaceId}-again`)
        const expected = tenth(at) ? NEVER_WRITTEN : (records.get(workspaceId)?.version ?? NEVER_WRITTEN)
        const code = await codeOf(async () => {
          const version = await repository.write(workspaceId, content, expected)
          records.set(workspaceId, { ...content, version })
        })
        return code
      }),
    )
    t.same(
      outcomes,
      ids.map((_, at) => (tenth(at) ? 'VERSION_CONFLICT' : 'resolved')),
      'those with the wrong version are refused, and no others',
    )
    await readsBack(t, repository, records, 'each has what was acknowledged', { fresh: true })
  },
}
