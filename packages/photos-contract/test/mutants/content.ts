import {
  compareVersions,
  decodePhotos,
  encodePhotos,
  NEVER_WRITTEN,
  NO_PHOTOS,
  PhotosError,
  type Version,
  versionConflict,
} from 'photos-domain'
import type { Mutant } from './mutant.js'

const sameBytes = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && Buffer.compare(a, b) === 0)

/** Mutants of what is stored: absence, ids, bytes and versions. */
export const contentMutants: readonly Mutant[] = [
  {
    does: 'answers no bytes where nothing was written',
    caughtBy: ['a workspace that was never written reads as [] at version 0'],
    alter: () => (model) => ({
      read: async (workspaceId, options) => {
        const record = await model.read(workspaceId, options)
        return record.version === NEVER_WRITTEN ? { ...record, photos: new Uint8Array() } : record
      },
    }),
  },
  {
    does: 'counts workspaces that were only read',
    caughtBy: ['reading a workspace makes no record of it'],
    alter: () => (model) => {
      const seen = new Set<string>()
      return {
        read: (workspaceId, options) => {
          seen.add(workspaceId)
          return model.read(workspaceId, options)
        },
        status: async () => ({ ...(await model.status()), workspaces: seen.size }),
      }
    },
  },
  {
    does: 'takes ids that differ in case for the same',
    caughtBy: ['every id of the pattern names a workspace of its own'],
    alter: () => (model) => ({
      read: (workspaceId, options) => model.read(workspaceId.toLowerCase(), options),
      write: (workspaceId, content, expected) => model.write(workspaceId.toLowerCase(), content, expected),
    }),
  },
  {
    does: 'finds what every object inherits',
    caughtBy: ['every id of the pattern names a workspace of its own'],
    alter: () => (model) => ({
      read: async (workspaceId, options) => {
        const record = await model.read(workspaceId, options)
        return record.version === NEVER_WRITTEN && workspaceId in {} ? { ...record, version: '1' } : record
      },
    }),
  },
  {
    does: 'normalizes text',
    caughtBy: ['what was written is read back byte for byte'],
    alter: () => (model) => ({
      write: (workspaceId, content, expected) => {
        const photos = Buffer.from(Buffer.from(content.photos).toString().normalize('NFC'))
        return model.write(workspaceId, { ...content, photos }, expected)
      },
    }),
  },
  {
    does: 'marks as stale what is not',
    caughtBy: ['what was written is read back byte for byte'],
    alter: () => (model) => ({
      read: async (workspaceId, options) => ({ ...(await model.read(workspaceId, options)), stale: true }),
    }),
  },
  {
    does: 'puts the photos into another order',
    caughtBy: [
      'a record may hold a thousand photos, or a megabyte',
      'PhotoService adds, changes, removes and clears',
    ],
    alter: () => (model) => ({
      write: (workspaceId, content, expected) => {
        const photos = encodePhotos(decodePhotos(content.photos).toReversed())
        return model.write(workspaceId, { ...content, photos }, expected)
      },
    }),
  },
  {
    does: 'drops the receipts',
    caughtBy: [
      'receipts are read back byte for byte, and are gone when the next write has none',
      'PhotoService adds one photo for one idempotency key, wherever it is sent',
    ],
    alter: () => (model) => ({
      write: (workspaceId, { photos }, expected) => model.write(workspaceId, { photos }, expected),
    }),
  },
  {
    does: 'keeps the receipts that were there when a write has none',
    caughtBy: ['receipts are read back byte for byte, and are gone when the next write has none'],
    alter: () => (model) => ({
      write: async (workspaceId, content, expected) => {
        const { receipts } = await model.read(workspaceId)
        return model.write(workspaceId, { ...content, receipts: content.receipts ?? receipts }, expected)
      },
    }),
  },
  {
    does: 'refuses large records',
    caughtBy: ['a record may hold a thousand photos, or a megabyte'],
    alter: () => (model) => ({
      write: async (workspaceId, content, expected) => {
        if (content.photos.length > 1_000_000)
          throw new PhotosError('RECORD_TOO_LARGE', 'the record is too large')
        return model.write(workspaceId, content, expected)
      },
    }),
  },
  {
    does: 'writes the whole buffer that is behind a view',
    caughtBy: ['of a view only what it shows is written'],
    alter: () => (model) => ({
      write: (workspaceId, { photos, receipts }, expected) =>
        model.write(workspaceId, { photos: new Uint8Array(photos.buffer), receipts }, expected),
    }),
  },
  {
    does: 'uses the buffer of one read again for the next',
    caughtBy: ['a record that was read keeps its bytes, whatever is read and written after it'],
    alter: () => (model) => {
      const buffer = new Uint8Array(2 ** 21)
      return {
        read: async (workspaceId, options) => {
          const record = await model.read(workspaceId, options)
          buffer.set(record.photos)
          return { ...record, photos: buffer.subarray(0, record.photos.length) }
        },
      }
    },
  },
  {
    does: 'counts versions down',
    caughtBy: ['each write gives a version above every earlier one of the workspace'],
    alter: () => (model) => {
      // Its own inverse.
      const turn = (version: Version) =>
        version === NEVER_WRITTEN ? version : String(1_000_000 - Number(version))
      return {
        read: async (workspaceId, options) => {
          const record = await model.read(workspaceId, options)
          return { ...record, version: turn(record.version) }
        },
        write: async (workspaceId, content, expected) =>
          turn(await model.write(workspaceId, content, turn(expected))),
      }
    },
  },
  {
    does: 'does not write what is there already',
    caughtBy: ['writing the same content again gives a new version'],
    alter: () => (model) => ({
      write: async (workspaceId, content, expected) => {
        const { version, photos, receipts } = await model.read(workspaceId)
        const same = sameBytes(photos, content.photos) && sameBytes(receipts, content.receipts)
        return same && version === expected ? version : model.write(workspaceId, content, expected)
      },
    }),
  },
  {
    does: 'forgets a workspace that was emptied',
    caughtBy: [
      'emptying a workspace keeps its record, and its versions grow on',
      'a write that expects 0 is refused where there is a record, even an empty one',
    ],
    alter: () => (model) => ({
      read: async (workspaceId, options) => {
        const record = await model.read(workspaceId, options)
        return sameBytes(record.photos, NO_PHOTOS) ? { photos: NO_PHOTOS, version: NEVER_WRITTEN } : record
      },
      write: async (workspaceId, content, expected) => {
        const { photos, version } = await model.read(workspaceId)
        const forgotten = sameBytes(photos, NO_PHOTOS) && expected === NEVER_WRITTEN
        return model.write(workspaceId, content, forgotten ? version : expected)
      },
    }),
  },
  {
    does: 'counts versions from 1 again after it was closed',
    caughtBy: ['versions grow on in another repository and after all were closed'],
    alter: () => {
      let open = 0
      let highest = 0
      let base = 0
      const shown = (version: Version) =>
        version === NEVER_WRITTEN ? version : String(Math.max(1, Number(version) - base))
      return (model) => {
        if (open++ === 0) base = Math.max(0, highest - 1)
        return {
          read: async (workspaceId, options) => {
            const record = await model.read(workspaceId, options)
            return { ...record, version: shown(record.version) }
          },
          write: async (workspaceId, content, expected) => {
            const { version } = await model.read(workspaceId)
            if (compareVersions(shown(version), expected) !== 0) throw versionConflict(workspaceId)
            const written = await model.write(workspaceId, content, version)
            highest = Number(written)
            return shown(written)
          },
          close: async () => {
            await model.close()
            open--
          },
        }
      }
    },
  },
]
