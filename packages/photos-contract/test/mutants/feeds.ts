import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Change, type ChangesOptions, NO_PHOTOS, type PhotoRepository } from 'photos-domain'
import type { Mutant } from './mutant.js'

/** The model's feed, through `filter`. */
async function* filtered(
  model: PhotoRepository,
  options: ChangesOptions | undefined,
  isTold: (change: Change, index: number) => boolean | Promise<boolean>,
): AsyncGenerator<Change> {
  let index = 0
  for await (const change of model.changes(options)) if (await isTold(change, index++)) yield change
}

async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of iterable) items.push(item)
  return items
}

/** A live feed that takes changes as they come into a buffer, out of which `drop` may take some before they are told. */
async function* buffered(
  model: PhotoRepository,
  options: ChangesOptions | undefined,
  drop: (buffer: Change[]) => void,
): AsyncGenerator<Change> {
  const buffer: Change[] = []
  let ended = false
  const filling = (async () => {
    for await (const change of model.changes(options)) {
      buffer.push(change)
      drop(buffer)
    }
  })().finally(() => {
    ended = true
  })
  while (!ended || buffer.length > 0) {
    const change = buffer.shift()
    if (change === undefined) await nextTurn()
    else yield change
  }
  await filling
}

/** Mutants of aborting, of the change feed, of the scan and of the status. */
export const feedMutants: readonly Mutant[] = [
  {
    does: 'ignores the signal of a read',
    caughtBy: ['a read whose signal has aborted rejects with the reason of the signal'],
    alter: () => (model) => ({ read: (workspaceId, { fresh } = {}) => model.read(workspaceId, { fresh }) }),
  },
  {
    does: 'aborts a read for all who wait for it',
    caughtBy: ['aborting a read leaves alone the others of the same workspace'],
    alter: () => (model) => {
      const flights = new Map<string, ReturnType<PhotoRepository['read']>>()
      return {
        read: (workspaceId, options) => {
          const key = `${workspaceId} ${options?.fresh}`
          const load = async () => {
            await nextTurn()
            flights.delete(key)
            return model.read(workspaceId, options)
          }
          const flight = flights.get(key) ?? load()
          flights.set(key, flight)
          return flight
        },
      }
    },
  },
  {
    does: 'leaves a change out of the feed now and then',
    caughtBy: ['the feed names every workspace at its latest version, and ends'],
    alter: () => (model) => ({
      changes: (options) => filtered(model, options, (_, index) => index % 10 !== 9),
    }),
  },
  {
    does: 'leaves emptied workspaces out of the feed',
    caughtBy: [
      'the feed names every workspace at its latest version, and ends',
      'a live feed tells what is there and what any repository writes, until it is aborted',
    ],
    alter: () => (model) => ({
      changes: (options) =>
        filtered(model, options, async ({ workspaceId, version }) => {
          const record = await model.read(workspaceId)
          return version !== record.version || Buffer.compare(record.photos, NO_PHOTOS) !== 0
        }),
    }),
  },
  {
    does: 'tells the latest changes first',
    caughtBy: ['the feed names every workspace at its latest version, and ends'],
    alter: () => (model) => ({
      async *changes(options) {
        if (options?.live === true) yield* model.changes(options)
        else yield* (await collect(model.changes(options))).reverse()
      },
    }),
  },
  {
    does: 'begins the feed from the start, whatever the cursor',
    caughtBy: ['the feed resumes after each of its cursors, in any repository'],
    alter: () => (model) => ({
      changes: ({ since, ...options } = {}) =>
        model.changes(since === 'now' ? { since, ...options } : options),
    }),
  },
  {
    does: 'skips a change when the feed resumes',
    caughtBy: ['the feed resumes after each of its cursors, in any repository'],
    alter: () => (model) => ({
      changes: ({ since, ...options } = {}) => {
        const next = since === undefined || since === 'now' ? since : String(Number(since) + 1)
        return model.changes({ ...options, since: next })
      },
    }),
  },
  {
    does: 'knows only the cursors of its own process',
    caughtBy: ['the feed resumes after every repository was closed'],
    alter: () => (model) => {
      const own = new Set<string | undefined>(['now'])
      return {
        async *changes({ since, ...options } = {}) {
          for await (const change of model.changes({
            ...options,
            since: own.has(since) ? since : undefined,
          })) {
            own.add(change.cursor)
            yield change
          }
        },
      }
    },
  },
  {
    does: 'takes now for the beginning',
    caughtBy: ['a feed from now tells nothing of before', 'a live feed from now tells the writes to come'],
    alter: () => (model) => ({
      changes: ({ since, ...options } = {}) =>
        model.changes({ ...options, since: since === 'now' ? undefined : since }),
    }),
  },
  {
    does: 'tells nothing at all from now on',
    caughtBy: ['a live feed from now tells the writes to come'],
    alter: () => (model) => ({
      changes: (options) => filtered(model, options, () => options?.since !== 'now'),
    }),
  },
  {
    does: 'ends a live feed when it has caught up',
    caughtBy: ['a live feed tells what is there and what any repository writes, until it is aborted'],
    alter: () => (model) => ({ changes: (options) => model.changes({ ...options, live: false }) }),
  },
  {
    does: 'tells live only what it wrote itself',
    caughtBy: ['a live feed tells what is there and what any repository writes, until it is aborted'],
    alter: () => (model) => {
      const own = new Set<string>()
      return {
        write: async (workspaceId, content, expected) => {
          const version = await model.write(workspaceId, content, expected)
          own.add(version)
          return version
        },
        changes: (options) =>
          filtered(model, options, async ({ version }) => {
            // Its own writes have all resolved by the next turn.
            if (options?.live === true) await nextTurn()
            return options?.live !== true || own.has(version)
          }),
      }
    },
  },
  {
    does: 'ends an aborted feed with an error',
    caughtBy: ['a live feed tells what is there and what any repository writes, until it is aborted'],
    alter: () => (model) => ({
      async *changes(options) {
        yield* model.changes(options)
        options?.signal?.throwIfAborted()
      },
    }),
  },
  {
    does: 'notices only at the next change that its feed was aborted',
    caughtBy: ['a live feed tells what is there and what any repository writes, until it is aborted'],
    alter: () => (model) => ({
      async *changes({ signal, ...options } = {}) {
        for await (const change of model.changes(options)) {
          if (signal?.aborted === true) return
          yield change
        }
      },
    }),
  },
  {
    does: 'tells live of one change a turn, the last',
    caughtBy: ['a live feed misses nothing of what many write at once'],
    alter: () => (model) => ({
      changes: (options) =>
        options?.live === true
          ? buffered(model, options, (buffer) => buffer.splice(0, buffer.length - 1))
          : model.changes(options),
    }),
  },
  {
    does: 'drops changes that a slow consumer has not taken',
    caughtBy: ['a feed that is consumed slowly misses nothing'],
    alter: () => (model) => ({
      changes: (options) =>
        options?.live === true
          ? buffered(model, options, (buffer) => buffer.splice(0, buffer.length - 16))
          : model.changes(options),
    }),
  },
  {
    does: 'does not look at a signal that has aborted already',
    caughtBy: ['a feed ends when its signal has aborted already, and when its consumer leaves'],
    alter: () => (model) => ({
      changes: ({ signal, ...options } = {}) =>
        model.changes({ ...options, signal: signal?.aborted === true ? undefined : signal }),
    }),
  },
  {
    does: 'scans in the order of a dictionary',
    caughtBy: ['a scan gives every workspace with its record, in the byte order of the ids'],
    alter: () => (model) => ({
      async *scan(options) {
        const rows = await collect(model.scan(options))
        yield* rows.sort((a, b) => a.workspaceId.localeCompare(b.workspaceId, 'en'))
      },
    }),
  },
  {
    does: 'leaves emptied workspaces out of the scan',
    caughtBy: ['a scan gives every workspace with its record, in the byte order of the ids'],
    alter: () => (model) => ({
      async *scan(options) {
        for await (const row of model.scan(options)) {
          if (Buffer.compare(row.record.photos, NO_PHOTOS) !== 0) yield row
        }
      },
    }),
  },
  {
    does: 'resumes a scan at the id, not after it',
    caughtBy: ['a scan resumes after any id, whether it has a record or not'],
    alter: () => (model) => ({
      async *scan({ after, signal } = {}) {
        for await (const row of model.scan({ signal })) {
          if (after === undefined || row.workspaceId >= after) yield row
        }
      },
    }),
  },
  {
    does: 'begins a scan anew after an id that has no record',
    caughtBy: ['a scan resumes after any id, whether it has a record or not'],
    alter: () => (model) => ({
      async *scan(options) {
        const rows = await collect(model.scan({ signal: options?.signal }))
        yield* rows.slice(rows.findIndex(({ workspaceId }) => workspaceId === options?.after) + 1)
      },
    }),
  },
  {
    does: 'finds the next page of a scan by counting',
    caughtBy: ['a scan during writes still gives each workspace there was, once and in order'],
    alter: () => (model) => ({
      async *scan(options) {
        for (let offset = 0; ; offset += 10) {
          const page = (await collect(model.scan(options))).slice(offset, offset + 10)
          if (page.length === 0) return
          yield* page
        }
      },
    }),
  },
  {
    does: 'ends an aborted scan with an error',
    caughtBy: ['a scan ends without an error when its signal aborts'],
    alter: () => (model) => ({
      async *scan(options) {
        yield* model.scan(options)
        options?.signal?.throwIfAborted()
      },
    }),
  },
  {
    does: 'counts writes in place of workspaces',
    caughtBy: ['a repository that serves is ready, and its status counts the records'],
    alter: (store) => (model) => ({
      status: async () => ({ ...(await model.status()), workspaces: store.writes }),
    }),
  },
]
