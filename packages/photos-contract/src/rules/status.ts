import { contentOf, EMPTY, numbered, put, putNew } from '../fixtures.js'
import { codeOf } from '../outcomes.js'
import type { Rules } from '../store-under-test.js'

export const statusRules: Rules = {
  'a repository that serves is ready, and its status counts the records': async (t, store) => {
    const { repository } = store
    t.equal(await codeOf(() => repository.ready()), 'resolved', 'an empty store is ready')
    t.equal((await repository.status()).workspaces, 0, 'an empty store has no records')
    await putNew(repository, numbered('w', 12))
    await put(repository, 'w3', contentOf('written', 'again'))
    await put(repository, 'w4', EMPTY)
    for (const each of [repository, await store.reopen()]) {
      t.equal(await codeOf(() => each.ready()), 'resolved', 'it is ready')
      const { engine, workspaces, bytes } = await store.listed(
        async () => each.status(),
        ({ workspaces }) => workspaces === 12,
      )
      t.match(engine, /\S/, 'the engine is named')
      t.equal(workspaces, 12, 'each workspace counts once, an emptied one too')
      t.ok(Number.isSafeInteger(bytes) && bytes >= 0, `${bytes} is a number of bytes`)
    }
  },
}
