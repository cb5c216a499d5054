import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  isPhotosError,
  NEVER_WRITTEN,
  NO_PHOTOS,
  type PhotoRepository,
  repositoryUnavailable,
  type WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'
import type { Mutant } from './mutant.js'

const away = 'a store that is away is told apart from an empty one, and loses nothing'

/** The same iterable, which ends where it would fail. */
async function* endingQuietly<T>(iterable: AsyncIterable<T>, after = 0): AsyncGenerator<T> {
  let given = 0
  try {
    for await (const item of iterable) {
      yield item
      given++
    }
  } catch (error) {
    if (given < after) throw error
  }
}

/** Mutants of outages and of closing. */
export const faultMutants: readonly Mutant[] = [
  {
    does: 'answers an empty list when the store is away',
    caughtBy: [away],
    alter: () => (model) => ({
      read: async (workspaceId, options) => {
        try {
          return await model.read(workspaceId, options)
        } catch (error) {
          if (isPhotosError(error)) return { photos: NO_PHOTOS, version: NEVER_WRITTEN }
          throw error
        }
      },
    }),
  },
  {
    does: 'answers what it read earlier when the store is away',
    caughtBy: [away],
    alter: () => (model) => {
      const cache = new Map<WorkspaceId, WorkspaceRecord>()
      return {
        read: async (workspaceId, options) => {
          try {
            const record = await model.read(workspaceId, options)
            cache.set(workspaceId, record)
            return record
          } catch (error) {
            const cached = cache.get(workspaceId)
            if (cached === undefined || options?.fresh === true) throw error
            return cached
          }
        },
      }
    },
  },
  {
    does: 'rejects with errors that have no code when the store is away',
    caughtBy: [away],
    alter: () => (model) => ({
      read: async (workspaceId, options) => {
        try {
          return await model.read(workspaceId, options)
        } catch (error) {
          throw isPhotosError(error) ? new Error('ECONNREFUSED') : error
        }
      },
    }),
  },
  {
    does: 'acknowledges writes when the store is away',
    caughtBy: [away],
    alter: () => (model) => ({
      write: async (workspaceId, content, expected) => {
        try {
          return await model.write(workspaceId, content, expected)
        } catch (error) {
          if (isPhotosError(error, 'REPOSITORY_UNAVAILABLE')) return String(Number(expected) + 1)
          throw error
        }
      },
    }),
  },
  {
    does: 'is always ready',
    caughtBy: [away],
    alter: () => () => ({ ready: async () => {} }),
  },
  {
    does: 'knows its status when the store is away',
    caughtBy: [away],
    alter: () => (model) => ({
      status: () => model.status().catch(() => ({ engine: 'memory', workspaces: 0, bytes: 0 })),
    }),
  },
  {
    does: 'scans nothing when the store is away',
    caughtBy: [away],
    alter: () => (model) => ({ scan: (options) => endingQuietly(model.scan(options)) }),
  },
  {
    does: 'ends a live feed quietly when the store goes away',
    caughtBy: ['a live feed breaks when the store goes away, and resumes from its last cursor'],
    alter: () => (model) => ({
      changes: (options) =>
        options?.live === true ? endingQuietly(model.changes(options)) : model.changes(options),
    }),
  },
  {
    does: 'keeps a live feed waiting when the store goes away',
    caughtBy: ['a live feed breaks when the store goes away, and resumes from its last cursor'],
    alter: () => (model) => ({
      async *changes(options) {
        yield* options?.live === true ? endingQuietly(model.changes(options)) : model.changes(options)
        while (options?.live === true && options.signal?.aborted === false) await nextTurn()
      },
    }),
  },
  {
    does: 'ends a scan quietly in the middle when the store goes away',
    caughtBy: ['a scan or a feed that an outage cuts short rejects, and does not just end'],
    alter: () => (model) => ({ scan: (options) => endingQuietly(model.scan(options), 1) }),
  },
  {
    does: 'ends a feed quietly in the middle when the store goes away',
    caughtBy: ['a scan or a feed that an outage cuts short rejects, and does not just end'],
    alter: () => (model) => ({
      changes: (options) =>
        options?.live === true ? model.changes(options) : endingQuietly(model.changes(options), 1),
    }),
  },
  {
    does: 'says that a write was not made when its answer was lost',
    caughtBy: [
      'writes that are under way when the store goes away end in what is true',
      'a write whose answer was lost is told as unknown, and is not repeated',
    ],
    // Their answers take a while, so that some are on the way when the store goes away.
    hooks: { afterWrite: () => nextTurn() },
    alter: () => (model) => ({
      write: async (workspaceId, content, expected) => {
        try {
          return await model.write(workspaceId, content, expected)
        } catch (error) {
          throw isPhotosError(error, 'WRITE_OUTCOME_UNKNOWN')
            ? repositoryUnavailable('no answer', error)
            : error
        }
      },
    }),
  },
  {
    does: 'repeats a write whose answer was lost',
    caughtBy: ['a write whose answer was lost is told as unknown, and is not repeated'],
    alter: () => (model) => ({
      write: async (workspaceId, content, expected) => {
        try {
          return await model.write(workspaceId, content, expected)
        } catch (error) {
          if (!isPhotosError(error, 'WRITE_OUTCOME_UNKNOWN')) throw error
          return model.write(workspaceId, content, expected)
        }
      },
    }),
  },
  {
    does: 'cannot be closed while the store is away',
    caughtBy: ['a repository can be closed while the store is away'],
    alter: () => (model) => {
      let closed = false
      return {
        close: async () => {
          if (!closed) await model.ready()
          closed = true
          await model.close()
        },
      }
    },
  },
  {
    does: 'drops the writes under way when it is closed',
    caughtBy: ['close finishes the writes under way'],
    alter: () => (model) => {
      let closed = false
      return {
        write: async (workspaceId, content, expected) => {
          await nextTurn()
          if (closed) throw repositoryUnavailable('the repository is closed')
          return model.write(workspaceId, content, expected)
        },
        close: async () => {
          closed = true
          await model.close()
        },
      }
    },
  },
  {
    does: 'acknowledges writes that it drops when it is closed',
    caughtBy: ['close finishes the writes under way'],
    alter: () => (model) => {
      let closing = false
      return {
        write: async (workspaceId, content, expected) => {
          await Promise.resolve()
          return closing ? String(Number(expected) + 1) : model.write(workspaceId, content, expected)
        },
        close: async () => {
          closing = true
          await model.close()
        },
      }
    },
  },
  {
    does: 'answers nothing to the reads under way when it is closed',
    caughtBy: ['what is read when the repository closes ends with what there is, or as unavailable'],
    alter: () => (model) => {
      let closed = false
      return {
        read: async (workspaceId, options) => {
          const record = await model.read(workspaceId, options)
          return closed ? { photos: NO_PHOTOS, version: NEVER_WRITTEN } : record
        },
        close: async () => {
          closed = true
          await model.close()
        },
      }
    },
  },
  {
    does: 'ends a scan quietly in the middle when it is closed',
    caughtBy: ['what is read when the repository closes ends with what there is, or as unavailable'],
    alter: () => (model) => ({ scan: (options) => endingQuietly(model.scan(options), 1) }),
  },
  {
    does: 'goes on after it was closed',
    caughtBy: ['after close every method rejects as unavailable'],
    alter: () => () => ({ close: async () => {} }),
  },
  {
    does: 'leaves its live feeds open when it is closed',
    caughtBy: ['close ends live feeds without an error'],
    alter: (store) => (model) => {
      const another = store.handle()
      return {
        async *changes(options) {
          if (options?.live !== true) yield* model.changes(options)
          else {
            await model.ready()
            yield* another.changes(options)
          }
        },
      }
    },
  },
  {
    does: 'ends its live feeds with an error when it is closed',
    caughtBy: ['close ends live feeds without an error'],
    alter: () => (model) => ({
      async *changes(options) {
        yield* model.changes(options)
        if (options?.live === true && options.signal?.aborted !== true) await model.ready()
      },
    }),
  },
  {
    does: 'cannot be closed twice',
    caughtBy: ['closing twice is closing once'],
    alter: () => (model) => {
      let closed = false
      return {
        close: async () => {
          if (closed) throw repositoryUnavailable('the repository is closed')
          closed = true
          await model.close()
        },
      }
    },
  },
  {
    does: 'closes every repository on the store',
    caughtBy: ['closing one repository leaves the others on the store alone'],
    alter: () => {
      const models: PhotoRepository[] = []
      return (model) => {
        models.push(model)
        return { close: async () => void (await Promise.all(models.map((each) => each.close()))) }
      }
    },
  },
]
