import { compareVersions, NEVER_WRITTEN, type Version } from 'photos-domain'
import { contentOf, EMPTY, numbered, put } from '../fixtures.js'
import { sameRecord } from '../outcomes.js'
import type { Rules } from '../store-under-test.js'

/** A count without leading zeros and, if any, `-` and a suffix: see `Version` of photos-domain. It fits into an ETag. */
const VERSION_PATTERN = /^[1-9]\d*(-[\x21\x23-\x7e]+)?$/

export const versionRules: Rules = {
  'each write gives a version above every earlier one of the workspace': async (t, { repository }) => {
    let before: Version = NEVER_WRITTEN
    for (const photoId of numbered('p', 40)) {
      const written = await put(repository, 'w', contentOf(photoId))
      t.match(written.version, VERSION_PATTERN, 'it is a version')
      t.ok(compareVersions(written.version, before) > 0, `${written.version} is above ${before}`)
      sameRecord(t, await repository.read('w'), written, 'it is the version that is read')
      before = written.version
    }
  },

  'writing the same content again gives a new version': async (t, { repository }) => {
    const first = await put(repository, 'w', contentOf('p'))
    const second = await put(repository, 'w', contentOf('p'))
    t.ok(compareVersions(second.version, first.version) > 0, `${second.version} is above ${first.version}`)
  },

  'emptying a workspace keeps its record, and its versions grow on': async (t, { repository }) => {
    const full = await put(repository, 'w', contentOf('p'))
    const emptied = await put(repository, 'w', EMPTY)
    t.ok(compareVersions(emptied.version, full.version) > 0, `${emptied.version} is above ${full.version}`)
    sameRecord(t, await repository.read('w'), emptied, 'emptied')
    sameRecord(t, await repository.read('w', { fresh: true }), emptied, 'emptied, fresh')
    const again = await put(repository, 'w', contentOf('p'))
    t.ok(compareVersions(again.version, emptied.version) > 0, `${again.version} is above ${emptied.version}`)
  },

  'versions grow on in another repository and after all were closed': async (t, store) => {
    const here = await put(store.repository, 'w', contentOf('p'))
    const there = await put(await store.reopen(), 'w', contentOf('q'))
    t.ok(compareVersions(there.version, here.version) > 0, `${there.version} is above ${here.version}`)
    await store.closeAll()
    const reopened = await store.reopen()
    const later = await put(reopened, 'w', EMPTY)
    t.ok(compareVersions(later.version, there.version) > 0, `${later.version} is above ${there.version}`)
    await store.closeAll()
    const again = await put(await store.reopen(), 'w', contentOf('p'))
    t.ok(compareVersions(again.version, later.version) > 0, `${again.version} is above ${later.version}`)
  },
}
