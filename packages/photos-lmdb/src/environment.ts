import { mkdirSync, realpathSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, getLastVersion, open, type RootDatabase, type RootDatabaseOptions } from 'lmdb'
import { NEVER_WRITTEN, NO_PHOTOS, type Version, type WorkspaceId, type WorkspaceRecord } from 'photos-domain'
import { decodeValue } from './codec.js'
import { checkDataFile } from './data-file.js'
import { storeFailure } from './errors.js'
import { OpeningGate } from './opening-gate.js'

/** What the databases of a store hold. A store of a higher format is not touched. */
const FORMAT = 1
const FORMAT_KEY = 'format'

const ABSENT: WorkspaceRecord = { photos: NO_PHOTOS, receipts: undefined, version: NEVER_WRITTEN }

/** How the LMDB environment is opened. (lmdb's type leaves out `noReadAhead`, which it documents.) */
const SETTINGS: RootDatabaseOptions & { readonly noReadAhead: boolean } = {
  // Otherwise a directory with a dot in its name is taken for a file.
  noSubdir: false,
  maxDbs: 3,
  // A commit is then visible only once it is on disk, so that nobody is ever shown what a power cut can take back.
  overlappingSync: false,
  // With it, lmdb keeps a promise of its own for each turn's writes, and a failed commit (a full disk) ends the process
  // with an unhandled rejection. CommitQueue does the batching.
  eventTurnBatching: false,
  // The same on every machine, whatever its own page size. Records are about 1 kB and are written at random: with larger
  // pages, more bytes are written for each.
  pageSize: 4096,
  // Reads are at random. With read-ahead, each read of a store larger than memory reads far more than it needs and pushes
  // out what others need.
  noReadAhead: true,
  // Left at their defaults: mapSize (the map starts small and doubles as the store grows, in every process that has it
  // open), noMemInit (memory is cleared before it goes into the file, which else would show what was in it before) and
  // maxReaders (126 processes; the places of dead ones are found and given to others).
}

/** A write that is to be made if the record is at `expected`. */
export interface ConditionalWrite {
  readonly workspaceId: WorkspaceId
  readonly value: Uint8Array
  readonly expected: Version
}

/**
 * An open LMDB environment with the databases of a store:
 *
 * - `workspaces`: workspace id -> value (see codec.ts), each with its version
 * - `changes`: version -> workspace id. Each workspace stands here once, at its version, so this is the order of last changes
 * - `meta`: the format
 *
 * A version is a number that a write is given inside its transaction, so that versions grow over the whole store in the order
 * of the commits, whichever process makes them. It is at least the time in microseconds: when a store is lost and begun
 * again, or an older copy is put back, no version that was given before is given to other bytes.
 */
export class Environment {
  readonly path: string
  readonly #gate: OpeningGate
  readonly #root: RootDatabase
  readonly #meta: Database<number, string>
  readonly #workspaces: Database<Uint8Array, WorkspaceId>
  readonly #changes: Database<WorkspaceId, number>

  /** Opens the store in a directory, or makes a new one there. @throws PhotosError `REPOSITORY_UNAVAILABLE` */
  static async open(path: string): Promise<Environment> {
    try {
      const gate = new OpeningGate(path)
      try {
        return await gate.open(() => new Environment(path, gate))
      } catch (error) {
        await gate.close()
        throw error
      }
    } catch (error) {
      throw storeFailure(path, 'cannot be opened', error)
    }
  }

  private constructor(path: string, gate: OpeningGate) {
    this.path = path
    this.#gate = gate
    checkDataFile(join(path, 'data.mdb'))
    this.#root = open(path, SETTINGS)
    try {
      this.#meta = this.#root.openDB('meta', { encoding: 'json' })
      this.#checkFormat()
      this.#workspaces = this.#root.openDB('workspaces', { encoding: 'binary', useVersions: true })
      this.#changes = this.#root.openDB('changes', { encoding: 'string' })
      this.#root.resetReadTxn()
    } catch (error) {
      void this.#root.close()
      throw error
    }
  }

  #checkFormat(): void {
    this.#root.transactionSync(() => {
      const format = this.#meta.get(FORMAT_KEY)
      if (format === FORMAT) return
      if (format !== undefined) {
        throw new Error(`it has format ${format}, and this version of photos-lmdb knows only ${FORMAT}`)
      }
      const others = [...this.#root.getKeys()].filter((name) => name !== 'meta')
      if (others.length > 0) throw new Error('it is an LMDB store of something else')
      this.#meta.put(FORMAT_KEY, FORMAT)
    })
  }

  /**
   * The record as of now: each read takes the latest snapshot and lets go of it, so that it sees every write that was
   * acknowledged before, in any process.
   */
  read(workspaceId: WorkspaceId): WorkspaceRecord {
    let value: string
    let version: Version
    try {
      const shared = this.#workspaces.getBinaryFast(workspaceId)
      if (shared === undefined) return ABSENT
      // lmdb's buffer is overwritten by the next read, or it is a page of the file. Its `length` is that of the value, while
      // its true length may be more.
      value = Buffer.prototype.latin1Slice.call(shared, 0, shared.length)
      version = String(getLastVersion())
    } catch (error) {
      throw this.#readFailure(error)
    } finally {
      this.#root.resetReadTxn()
    }
    return decodeValue(workspaceId, value, version)
  }

  /** Up to `limit` ids above `after`, ascending in byte order. */
  workspacesAfter(after: WorkspaceId | undefined, limit: number): WorkspaceId[] {
    const range = after === undefined ? { limit } : { start: after, exclusiveStart: true, limit }
    return this.#inSnapshot(() => [...this.#workspaces.getKeys(range)])
  }

  /** Up to `limit` workspaces whose version is above `after`, in the order of their versions. */
  changesAfter(
    after: number,
    limit: number,
  ): { readonly version: number; readonly workspaceId: WorkspaceId }[] {
    const range = { start: after, exclusiveStart: true, limit }
    return this.#inSnapshot(() =>
      Array.from(this.#changes.getRange(range), ({ key, value }) => ({ version: key, workspaceId: value })),
    )
  }

  /** The highest version in the store; 0 if there is none. */
  lastVersion(): number {
    return this.#inSnapshot(() => this.#lastVersion())
  }

  /** How many workspaces have a record. */
  count(): number {
    return this.#inSnapshot(() => (this.#workspaces.getStats() as { entryCount: number }).entryCount)
  }

  /** How many bytes the data file has. */
  async size(): Promise<number> {
    return (await stat(join(this.path, 'data.mdb'))).size
  }

  /**
   * Runs `action` in a write transaction; resolves once that is committed and on disk. If `action` throws, nothing of it is
   * kept. It is a child transaction, as lmdb keeps what a plain one wrote before it threw.
   */
  async transact(action: () => void): Promise<void> {
    while (!(await this.#tryToTransact(action))) await this.#gate.opened()
  }

  /** @returns whether it was done; not where another process is opening the store */
  async #tryToTransact(action: () => void): Promise<boolean> {
    const entered: (() => void)[] = []
    try {
      await this.#root.childTransaction(() => {
        const leave = this.#gate.commit()
        if (leave === undefined) return
        entered.push(leave)
        action()
      })
      return entered.length > 0
    } finally {
      for (const leave of entered) leave()
    }
  }

  /**
   * Makes the writes whose record is at the version they expect, each seeing those before it. Only inside `transact`.
   * @returns the new version of each; undefined for one that was not made
   */
  apply(writes: readonly ConditionalWrite[]): (Version | undefined)[] {
    let version = Math.max(this.#lastVersion(), Date.now() * 1000)
    if (!Number.isSafeInteger(version + writes.length)) throw new Error('the clock is centuries ahead')
    return writes.map(({ workspaceId, value, expected }) => {
      const current = this.#workspaces.getBinaryFast(workspaceId) === undefined ? 0 : getLastVersion()
      if (String(current) !== expected) return undefined
      version++
      this.#workspaces.put(workspaceId, value, version)
      if (current !== 0) this.#changes.remove(current)
      this.#changes.put(version, workspaceId)
      return String(version)
    })
  }

  /** Writes what is there already, so that something goes to disk. Only inside `transact`. */
  touch(): void {
    this.#meta.put(FORMAT_KEY, FORMAT)
  }

  async close(): Promise<void> {
    await this.#root.close()
    await this.#gate.close()
  }

  #lastVersion(): number {
    for (const version of this.#changes.getKeys({ reverse: true, limit: 1 })) return version
    return 0
  }

  #inSnapshot<T>(look: () => T): T {
    try {
      return look()
    } catch (error) {
      throw this.#readFailure(error)
    } finally {
      this.#root.resetReadTxn()
    }
  }

  #readFailure(error: unknown): Error {
    return storeFailure(this.path, 'cannot be read', error)
  }
}

/**
 * Makes the directory if there is none, and resolves links, so that one directory has one path.
 * @throws PhotosError `REPOSITORY_UNAVAILABLE`
 */
export function prepareDirectory(path: string): string {
  try {
    mkdirSync(path, { recursive: true })
    return realpathSync(path)
  } catch (error) {
    throw storeFailure(path, 'cannot be opened', error)
  }
}
