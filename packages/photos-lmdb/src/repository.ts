import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type Change,
  type ChangesOptions,
  invalidInput,
  type PhotoRepository,
  type ReadOptions,
  type RepositoryStatus,
  repositoryUnavailable,
  type ScanOptions,
  type Version,
  type WorkspaceContent,
  type WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'
import { encodeValue } from './codec.js'
import { acquireStore, releaseStore, type Store } from './store.js'

/** How many rows a scan or a feed fetches at a time. The event loop turns after each such chunk. */
const CHUNK_LENGTH = 256
const CURSOR_PATTERN = /^(0|[1-9]\d{0,15})$/

export interface LmdbRepositoryOptions {
  /** The directory of the store. It is made if there is none. */
  readonly path: string
}

interface ScannedWorkspace {
  readonly workspaceId: WorkspaceId
  readonly record: WorkspaceRecord
}

/**
 * Opens the store in a directory, or makes a new one.
 * @throws PhotosError `REPOSITORY_UNAVAILABLE` where it cannot be opened; the message says why
 */
export async function openLmdbRepository({ path }: LmdbRepositoryOptions): Promise<PhotoRepository> {
  return new LmdbRepository(await acquireStore(path))
}

class LmdbRepository implements PhotoRepository {
  readonly #store: Store
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  constructor(store: Store) {
    this.#store = store
  }

  read(workspaceId: WorkspaceId, options?: ReadOptions): WorkspaceRecord {
    if (options?.signal?.aborted === true) throw options.signal.reason
    this.#checkOpen()
    return this.#store.environment.read(workspaceId)
  }

  async write(workspaceId: WorkspaceId, content: WorkspaceContent, expected: Version): Promise<Version> {
    this.#checkOpen()
    return this.#store.commits.write(workspaceId, encodeValue(workspaceId, content), expected)
  }

  async *changes({ since, live = false, signal }: ChangesOptions = {}): AsyncGenerator<Change> {
    this.#checkOpen()
    const { environment, news } = this.#store
    const ended = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])])
    let after = this.#versionOf(since)
    while (this.#goesOn(signal, live)) {
      const rows = environment.changesAfter(after, CHUNK_LENGTH)
      for (const { version, workspaceId } of rows) {
        after = version
        yield { workspaceId, version: String(version), cursor: String(version) }
        if (!this.#goesOn(signal, live)) return
      }
      if (rows.length === CHUNK_LENGTH) await nextTurn()
      else if (live) await news.after(after, ended)
      else return
    }
  }

  async *scan({ after, signal }: ScanOptions = {}): AsyncGenerator<ScannedWorkspace> {
    this.#checkOpen()
    const { environment } = this.#store
    let last = after
    while (this.#goesOn(signal, false)) {
      const workspaceIds = environment.workspacesAfter(last, CHUNK_LENGTH)
      for (const workspaceId of workspaceIds) {
        yield { workspaceId, record: environment.read(workspaceId) }
        if (!this.#goesOn(signal, false)) return
      }
      if (workspaceIds.length < CHUNK_LENGTH) return
      last = workspaceIds.at(-1)
      await nextTurn()
    }
  }

  async ready(): Promise<void> {
    this.#checkOpen()
    await this.#store.commits.ready()
  }

  async status(): Promise<RepositoryStatus> {
    this.#checkOpen()
    const { environment } = this.#store
    return { engine: 'lmdb', workspaces: environment.count(), bytes: await environment.size() }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing.abort()
    await this.#store.commits.settled()
    await releaseStore(this.#store)
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) {
      throw repositoryUnavailable(`the store at ${this.#store.environment.path} was closed`)
    }
  }

  /** Whether an iteration goes on. When the repository closes, what waits for more ends, and what is cut short throws. */
  #goesOn(signal: AbortSignal | undefined, live: boolean): boolean {
    if (signal?.aborted === true) return false
    if (live && this.#closing.signal.aborted) return false
    this.#checkOpen()
    return true
  }

  #versionOf(cursor: string | undefined): number {
    if (cursor === undefined) return 0
    if (cursor === 'now') return this.#store.environment.lastVersion()
    if (CURSOR_PATTERN.test(cursor)) return Number(cursor)
    throw invalidInput([{ field: 'since', message: 'is not a cursor of this repository' }])
  }
}
