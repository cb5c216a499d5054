import { contentOf, numbered, put } from '../fixtures.js'
import { sameRecord } from '../outcomes.js'
import type { Rules } from '../store-under-test.js'

export const abortRules: Rules = {
  'a read whose signal has aborted rejects with the reason of the signal': async (t, { repository }) => {
    await put(repository, 'w', contentOf('p'))
    const reason = new Error('the client has gone')
    const signal = AbortSignal.abort(reason)
    for (const fresh of [false, true]) {
      const read = async () => repository.read('w', { signal, fresh })
      t.equal(await read().catch((error: unknown) => error), reason, fresh ? 'fresh' : 'plain')
    }
  },

  'aborting a read leaves alone the others of the same workspace': async (t, { repository }) => {
    const written = await put(repository, 'w', contentOf('p'))
    const reason = new Error('the client has gone')
    for (const fresh of [false, true]) {
      const controller = new AbortController()
      const read = async (signal?: AbortSignal) => repository.read('w', { fresh, signal })
      const first = read(controller.signal)
      const others = numbered('reader', 10).map(() => read())
      controller.abort(reason)
      const aborted = await first.catch((error: Error) => error)
      // It may have had its answer already.
      if (aborted instanceof Error) t.equal(aborted, reason, 'it rejects with the reason of the signal')
      else sameRecord(t, aborted, written, 'it was faster than the signal')
      for (const record of await Promise.all(others)) sameRecord(t, record, written, 'another')
    }
  },
}
