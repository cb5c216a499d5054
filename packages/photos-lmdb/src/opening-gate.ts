import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { open, type RootDatabase, type RootDatabaseOptions } from 'lmdb'

const SETTINGS: RootDatabaseOptions = {
  noSubdir: false,
  overlappingSync: false,
  eventTurnBatching: false,
  pageSize: 4096,
}
/** How often an opening process looks whether the commit that was under way has ended. */
const POLL_INTERVAL_MS = 1
/** A line of lmdb's list of readers (mdb_reader_list): process, thread, and the transaction it reads; `-` where it reads none. */
const ACTIVE_READER = /^\s*\d+ [\da-f]+ \d+$/m

/**
 * Keeps openings of a store and commits to it apart, over all processes that share it.
 *
 * Opening an LMDB environment is not safe while another process commits: `mdb_env_open2` (mdb.c of lmdb 3.5.6) reads the
 * number of the last transaction when it begins, and stores it when it ends in the memory that all processes share. A commit
 * in between is set back: readers miss it, and the next writer overwrites it.
 *
 * So a second environment, which holds no data and whose damage does no harm, lends its locks, as they are those that the
 * system takes back from a process that dies: its write lock is held by the one process that opens the store, and a place in
 * its list of readers by each that commits. A notice, a file, tells of an opening without waiting for a lock.
 */
export class OpeningGate {
  readonly #locks: RootDatabase
  readonly #notice: string

  /** `path` is the directory of the store. Throws what LMDB and the file system throw. */
  constructor(path: string) {
    const directory = join(path, 'gate')
    mkdirSync(directory, { recursive: true })
    this.#notice = join(directory, 'opening')
    this.#locks = open(directory, SETTINGS)
  }

  /** Runs `opening` once no process commits; until it returns, none commits nor opens. */
  async open<T>(opening: () => T): Promise<T> {
    return await this.#locks.transaction(async () => {
      // From here on nobody begins to commit. Those who have begun are waited for.
      writeFileSync(this.#notice, '')
      try {
        while (this.#isCommitting()) await sleep(POLL_INTERVAL_MS)
        return opening()
      } finally {
        this.#removeNotice()
      }
    })
  }

  /**
   * To be called within a write transaction, before it is committed. Returns what is to be called once it has ended; or
   * undefined where a process is opening the store: then the transaction may not be committed.
   */
  commit(): (() => void) | undefined {
    const place = this.#locks.useReadTransaction()
    const leave = () => {
      place.done()
      this.#locks.resetReadTxn()
    }
    // First the place, then the look: the opening process does it the other way round, so one of the two sees the other.
    if (!existsSync(this.#notice)) return leave
    leave()
    return undefined
  }

  /** Resolves once no process is opening the store. */
  async opened(): Promise<void> {
    // Whoever has the lock knows that no other process opens: a notice that is still there is of one that died.
    await this.#locks.transaction(() => this.#removeNotice())
  }

  close(): Promise<void> {
    return this.#locks.close()
  }

  #isCommitting(): boolean {
    this.#locks.readerCheck()
    return ACTIVE_READER.test(this.#locks.readerList())
  }

  #removeNotice(): void {
    rmSync(this.#notice, { force: true })
  }
}
