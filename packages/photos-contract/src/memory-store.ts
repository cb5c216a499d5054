import {
  type Change,
  type ChangesOptions,
  NEVER_WRITTEN,
  NO_PHOTOS,
  type PhotoRepository,
  type ReadOptions,
  type RepositoryStatus,
  repositoryUnavailable,
  type ScanOptions,
  type Version,
  versionConflict,
  type WorkspaceContent,
  type WorkspaceId,
  type WorkspaceRecord,
  writeOutcomeUnknown,
} from 'photos-domain'

/**
 * Places where a test can hold, count or fail one request on its way to the store and back. What a hook returns is waited
 * for; what it throws, the request rejects with.
 */
export interface MemoryStoreHooks {
  /** A read is on its way: what it will answer is not determined yet. */
  readonly beforeRead?: (workspaceId: WorkspaceId) => Promise<void> | undefined
  /** A read was done: its answer is on the way back, whatever is written meanwhile. */
  readonly afterRead?: (workspaceId: WorkspaceId) => Promise<void> | undefined
  /** A write is on its way: it was not made yet. */
  readonly beforeWrite?: (workspaceId: WorkspaceId) => Promise<void> | undefined
  /** A write was made: its answer is on the way back. */
  readonly afterWrite?: (workspaceId: WorkspaceId) => Promise<void> | undefined
}

/** A store in memory. It lasts as long as this object, however often its repositories are closed. */
export interface MemoryStore {
  /** Opens one more repository on the store. Repositories share nothing but the store. */
  handle(): PhotoRepository
  /** Begins an outage: from now on every repository rejects with `REPOSITORY_UNAVAILABLE`, and live feeds break. */
  goDown(): void
  comeBack(): void
  /** From now on requests are acted on and their answers are lost. */
  loseAnswers(): void
  /** Answers arrive again. */
  deliverAnswers(): void
  /** How many reads have been asked of the store by all repositories, those that failed included. */
  readonly reads: number
  /** How many writes have been asked of the store by all repositories, those that failed included. */
  readonly writes: number
}

/** The store is a log of writes; the version of a record, and the cursor of its change, is how long the log was then. */
interface LogEntry {
  readonly workspaceId: WorkspaceId
  readonly record: WorkspaceRecord
}

/** Makes an empty {@link MemoryStore}: the reference model of the `PhotoRepository` port. */
export function createMemoryStore(hooks: MemoryStoreHooks = {}): MemoryStore {
  const core = new StoreCore(hooks)
  return {
    handle: () => new MemoryRepository(core),
    goDown: () => core.setUp(false),
    comeBack: () => core.setUp(true),
    loseAnswers: () => core.setAnswering(false),
    deliverAnswers: () => core.setAnswering(true),
    get reads() {
      return core.reads
    },
    get writes() {
      return core.writes
    },
  }
}

class StoreCore {
  readonly hooks: MemoryStoreHooks
  readonly log: LogEntry[] = []
  readonly records = new Map<WorkspaceId, WorkspaceRecord>()
  reads = 0
  writes = 0
  up = true
  answering = true
  /** Resolves at the next thing that a live feed may wait for; then another promise takes its place. */
  nextEvent: Promise<void>
  #tellEvent: () => void = () => {}

  constructor(hooks: MemoryStoreHooks) {
    this.hooks = hooks
    this.nextEvent = this.#makeNextEvent()
  }

  get(workspaceId: WorkspaceId): WorkspaceRecord {
    return this.records.get(workspaceId) ?? { photos: NO_PHOTOS, version: NEVER_WRITTEN }
  }

  /** Compares and sets in one go: nothing can come between. */
  set(workspaceId: WorkspaceId, { photos, receipts }: WorkspaceContent, expected: Version): Version {
    if (this.get(workspaceId).version !== expected) throw versionConflict(workspaceId)
    const version = String(this.log.length + 1)
    const record: WorkspaceRecord = { version, photos, ...(receipts && { receipts }) }
    this.records.set(workspaceId, record)
    this.log.push({ workspaceId, record })
    this.tellEvent()
    return version
  }

  requireUp(): void {
    if (!this.up) throw repositoryUnavailable('the store is down')
  }

  requireAnswer(): void {
    this.requireUp()
    if (!this.answering) throw repositoryUnavailable('the answer was lost')
  }

  setUp(up: boolean): void {
    this.up = up
    this.tellEvent()
  }

  setAnswering(answering: boolean): void {
    this.answering = answering
    this.tellEvent()
  }

  tellEvent(): void {
    const tell = this.#tellEvent
    this.nextEvent = this.#makeNextEvent()
    tell()
  }

  #makeNextEvent(): Promise<void> {
    return new Promise((resolve) => {
      this.#tellEvent = resolve
    })
  }
}

class MemoryRepository implements PhotoRepository {
  readonly #store: StoreCore
  readonly #writing = new Set<Promise<Version>>()
  #closed = false

  constructor(store: StoreCore) {
    this.#store = store
  }

  async read(workspaceId: WorkspaceId, options: ReadOptions = {}): Promise<WorkspaceRecord> {
    options.signal?.throwIfAborted()
    this.#requireOpen()
    return unlessAborted(this.#read(workspaceId), options.signal)
  }

  async #read(workspaceId: WorkspaceId): Promise<WorkspaceRecord> {
    const store = this.#store
    store.reads++
    await store.hooks.beforeRead?.(workspaceId)
    store.requireUp()
    const record = store.get(workspaceId)
    await store.hooks.afterRead?.(workspaceId)
    store.requireAnswer()
    return record
  }

  async write(workspaceId: WorkspaceId, content: WorkspaceContent, expected: Version): Promise<Version> {
    this.#requireOpen()
    const writing = this.#write(workspaceId, content, expected)
    this.#writing.add(writing)
    try {
      return await writing
    } finally {
      this.#writing.delete(writing)
    }
  }

  async #write(workspaceId: WorkspaceId, content: WorkspaceContent, expected: Version): Promise<Version> {
    const store = this.#store
    store.writes++
    await store.hooks.beforeWrite?.(workspaceId)
    store.requireUp()
    const version = store.set(workspaceId, content, expected)
    await store.hooks.afterWrite?.(workspaceId)
    if (!store.up || !store.answering) throw writeOutcomeUnknown(workspaceId)
    return version
  }

  async *changes({ since, live, signal }: ChangesOptions = {}): AsyncGenerator<Change> {
    this.#requireOpen()
    const store = this.#store
    let next = since === 'now' ? store.log.length : Number(since ?? 0)
    const wake = () => store.tellEvent()
    signal?.addEventListener('abort', wake)
    try {
      while (signal?.aborted !== true) {
        if (live === true && this.#closed) return
        this.#requireOpen()
        store.requireAnswer()
        const entry = store.log[next]
        if (entry !== undefined) {
          next++
          const { workspaceId, record } = entry
          yield { workspaceId, version: record.version, cursor: String(next) }
        } else if (live === true) {
          await store.nextEvent
        } else {
          return
        }
      }
    } finally {
      signal?.removeEventListener('abort', wake)
    }
  }

  async *scan({ after, signal }: ScanOptions = {}): AsyncGenerator<{
    readonly workspaceId: WorkspaceId
    readonly record: WorkspaceRecord
  }> {
    this.#requireOpen()
    this.#store.requireAnswer()
    // Ids are ASCII, so the order of code units, by which `sort` goes, is the order of bytes.
    for (const workspaceId of [...this.#store.records.keys()].sort()) {
      if (after !== undefined && workspaceId <= after) continue
      if (signal?.aborted === true) return
      this.#requireOpen()
      this.#store.requireAnswer()
      yield { workspaceId, record: this.#store.get(workspaceId) }
    }
  }

  async ready(): Promise<void> {
    this.#requireOpen()
    this.#store.requireAnswer()
  }

  async status(): Promise<RepositoryStatus> {
    await this.ready()
    const { records } = this.#store
    const bytes = [...records.values()].reduce((sum, { photos, receipts }) => {
      return sum + photos.length + (receipts?.length ?? 0)
    }, 0)
    return { engine: 'memory', workspaces: records.size, bytes }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#store.tellEvent()
    await Promise.allSettled(this.#writing)
  }

  #requireOpen(): void {
    if (this.#closed) throw repositoryUnavailable('the repository is closed')
  }
}

/** What `work` settles to, or the signal's reason as soon as it aborts. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
  }
}
