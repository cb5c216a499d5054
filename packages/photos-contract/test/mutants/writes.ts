import { setImmediate as nextTurn } from 'node:timers/promises'
import { createMemoryStore } from 'photos-contract'
import {
  isPhotosError,
  NEVER_WRITTEN,
  NO_PHOTOS,
  type PhotoRepository,
  type Version,
  versionConflict,
  type WorkspaceContent,
  type WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'
import { altered, type Mutant } from './mutant.js'

/** Writes whatever the version. */
async function overwrite(
  model: PhotoRepository,
  workspaceId: WorkspaceId,
  content: WorkspaceContent,
): Promise<Version> {
  for (;;) {
    const { version } = await model.read(workspaceId)
    try {
      return await model.write(workspaceId, content, version)
    } catch (error) {
      if (!isPhotosError(error, 'VERSION_CONFLICT')) throw error
    }
  }
}

/** After a conflict, writes once more what there is, as `raise` makes it. */
export const raisingAfterConflict =
  (raise: (record: WorkspaceContent, refused: WorkspaceContent) => WorkspaceContent) =>
  (model: PhotoRepository): Pick<PhotoRepository, 'write'> => ({
    write: async (workspaceId, content, expected) => {
      try {
        return await model.write(workspaceId, content, expected)
      } catch (error) {
        if (isPhotosError(error, 'VERSION_CONFLICT')) {
          await overwrite(model, workspaceId, raise(await model.read(workspaceId), content))
        }
        throw error
      }
    },
  })

/** Mutants of conditional writes, of concurrency and of durability. */
export const writeMutants: readonly Mutant[] = [
  {
    does: 'writes whatever version is expected',
    caughtBy: [
      'a write that expects another version than the record has is refused, and changes nothing',
      'of many writers that expect the same version, one wins',
      'no update is lost among many writers of one workspace',
    ],
    alter: () => (model) => ({
      write: (workspaceId, content) => overwrite(model, workspaceId, content),
    }),
  },
  {
    does: 'compares versions before it writes, not as it writes',
    caughtBy: [
      'of many writers that expect the same version, one wins',
      'no update is lost among many writers of one workspace',
      'PhotoService loses nothing of what many add at once in many repositories',
    ],
    alter: () => (model) => ({
      write: async (workspaceId, content, expected) => {
        const { version } = await model.read(workspaceId)
        if (version !== expected) throw versionConflict(workspaceId)
        await nextTurn()
        return overwrite(model, workspaceId, content)
      },
    }),
  },
  {
    does: 'tells of a conflict after it has written',
    caughtBy: ['a write that expects another version than the record has is refused, and changes nothing'],
    alter: () => (model) => ({
      write: async (workspaceId, content, expected) => {
        const { version } = await model.read(workspaceId)
        const written = await overwrite(model, workspaceId, content)
        if (version !== expected) throw versionConflict(workspaceId)
        return written
      },
    }),
  },
  {
    does: 'raises the version of a record that a write was refused for',
    caughtBy: [
      'a write that expects 0 is refused where there is a record, even an empty one',
      'of many writers that expect the same version, one wins',
    ],
    alter: () => raisingAfterConflict((record) => record),
  },
  {
    does: 'may raise a version, and stores what was refused as it does',
    options: { raisesVersions: 'it is to be caught all the same' },
    caughtBy: [
      'a write that expects 0 is refused where there is a record, even an empty one',
      'of many writers that expect the same version, one wins',
    ],
    alter: () => raisingAfterConflict((_, refused) => refused),
  },
  {
    does: 'may raise a version, and loses the photos as it does',
    options: { raisesVersions: 'it is to be caught all the same' },
    caughtBy: ['a write that expects 0 is refused where there is a record, even an empty one'],
    alter: () => raisingAfterConflict(({ receipts }) => ({ photos: NO_PHOTOS, receipts })),
  },
  {
    does: 'takes any version for a workspace that was never written',
    caughtBy: ['a write that expects a version is refused where there is no record'],
    alter: () => (model) => ({
      write: async (workspaceId, content, expected) => {
        const { version } = await model.read(workspaceId)
        return model.write(workspaceId, content, version === NEVER_WRITTEN ? version : expected)
      },
    }),
  },
  {
    does: 'takes an empty record for none',
    caughtBy: ['a write that expects 0 is refused where there is a record, even an empty one'],
    alter: () => (model) => ({
      write: async (workspaceId, content, expected) => {
        const { version, photos } = await model.read(workspaceId)
        const empty = Buffer.compare(photos, NO_PHOTOS) === 0
        return model.write(workspaceId, content, empty && expected === NEVER_WRITTEN ? version : expected)
      },
    }),
  },
  {
    does: 'fails all writes of a batch when one of them has a conflict',
    caughtBy: ['each of many writes at once has an answer of its own'],
    alter: () => (model) => {
      let batch: (() => Promise<Version>)[] = []
      let sent: Promise<Version[]> | undefined
      const send = async () => {
        await nextTurn()
        const writes = batch
        batch = []
        sent = undefined
        return Promise.all(writes.map((write) => write()))
      }
      return {
        write: async (workspaceId, content, expected) => {
          sent ??= send()
          const at = batch.push(() => model.write(workspaceId, content, expected)) - 1
          return (await sent)[at] ?? NEVER_WRITTEN
        },
      }
    },
  },
  {
    does: 'answers a batch of reads in the order of the ids, whatever the order of the questions',
    caughtBy: ['many reads at once each answer the record of their own workspace'],
    alter: () => (model) => {
      let batch: WorkspaceId[] = []
      let sent: Promise<WorkspaceRecord[]> | undefined
      const send = async () => {
        await nextTurn()
        const ids = batch.toSorted()
        batch = []
        sent = undefined
        return Promise.all(ids.map((workspaceId) => model.read(workspaceId)))
      }
      return {
        read: async (workspaceId, options) => {
          if (options !== undefined) return model.read(workspaceId, options)
          sent ??= send()
          const at = batch.push(workspaceId) - 1
          return (await sent)[at] ?? model.read(workspaceId)
        },
      }
    },
  },
  {
    does: 'lets a read join an older one of the same workspace',
    caughtBy: ['a read that starts after a write has resolved sees it, whatever reads are under way'],
    alter: () => (model) => {
      const flights = new Map<WorkspaceId, Promise<WorkspaceRecord>>()
      const load = async (workspaceId: WorkspaceId) => {
        const record = await model.read(workspaceId)
        await nextTurn()
        flights.delete(workspaceId)
        return record
      }
      return {
        read: async (workspaceId, options) => {
          if (options?.fresh === true) return model.read(workspaceId, options)
          const flight = flights.get(workspaceId) ?? load(workspaceId)
          flights.set(workspaceId, flight)
          return flight
        },
      }
    },
  },
  {
    does: 'reads the version and the bytes one after the other',
    caughtBy: ['a read never answers the version of one write with the bytes of another'],
    alter: () => (model) => ({
      read: async (workspaceId, options) => {
        const { version } = await model.read(workspaceId, options)
        await nextTurn()
        return { ...(await model.read(workspaceId, options)), version }
      },
    }),
  },
  {
    does: 'never looks at the store again for what it has read',
    caughtBy: ['another repository on the store sees a write'],
    alter: () => (model) => {
      const cache = new Map<WorkspaceId, WorkspaceRecord>()
      return {
        read: async (workspaceId, options) => {
          const cached = options?.fresh === true ? undefined : cache.get(workspaceId)
          const record = cached ?? (await model.read(workspaceId, options))
          cache.set(workspaceId, record)
          return record
        },
        write: async (workspaceId, content, expected) => {
          cache.delete(workspaceId)
          return model.write(workspaceId, content, expected)
        },
      }
    },
  },
  {
    does: 'answers fresh reads from what it has read',
    caughtBy: ['another repository on the store sees a write'],
    alter: () => (model) => {
      const cache = new Map<WorkspaceId, WorkspaceRecord>()
      return {
        read: async (workspaceId, options) => {
          const record = cache.get(workspaceId) ?? (await model.read(workspaceId, options))
          cache.set(workspaceId, record)
          return record
        },
        write: async (workspaceId, content, expected) => {
          cache.delete(workspaceId)
          return model.write(workspaceId, content, expected)
        },
      }
    },
  },
  {
    does: 'keeps nothing when the last repository is closed',
    caughtBy: [
      'what was written is there after every repository was closed',
      'the feed resumes after every repository was closed',
    ],
    alter: () => {
      let open = 0
      let memory = createMemoryStore()
      return () => {
        if (open++ === 0) memory = createMemoryStore()
        const repository = memory.handle()
        return altered(repository, {
          close: async () => {
            await repository.close()
            open--
          },
        })
      }
    },
  },
]
