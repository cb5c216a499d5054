import {
  type Change,
  isPhotosError,
  NEVER_WRITTEN,
  type PhotoRepository,
  type PhotosErrorCode,
  type WorkspaceId,
  type WorkspaceRecord,
  writeContention,
} from 'photos-domain'
import { OrderedWindow, type RetryOptions, withRetries } from 'photos-samples'

export interface CopierOptions {
  /** How many workspaces are copied at once. Default 512. */
  readonly concurrency?: number | undefined
  /** Stops the copying without an error, once the copies under way have ended. */
  readonly signal?: AbortSignal | undefined
  /** A workspace cannot be copied as it is, and why. */
  readonly onFailed: (workspaceId: WorkspaceId, reason: string) => void
  /** Called after each workspace; the copying waits for it. */
  readonly onCopied: () => Promise<void> | void
  /** How a copy is tried again while either store is away. */
  readonly retry?: Omit<RetryOptions, 'signal'> | undefined
}

/** What the copies under way may have in all, roughly: a record's size is known only once it is read. */
const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024
/** How often a copy is made again when someone else writes the same workspace of the target. */
const ATTEMPTS = 10
/** With so many that cannot be copied, something else is wrong than these workspaces. */
const MAX_FAILED = 1000
/** Errors of one workspace. All others are of a store, and end the copying. */
const RECORD_ERRORS: readonly PhotosErrorCode[] = [
  'INVALID_INPUT',
  'RECORD_TOO_LARGE',
  'CORRUPT_RECORD',
  'WRITE_CONTENTION',
]

/** Copies the workspaces that a feed of changes names from one repository to another, many at a time. */
export class Copier {
  readonly #source: PhotoRepository
  readonly #target: PhotoRepository
  readonly #options: CopierOptions
  readonly #window: OrderedWindow
  readonly #retry: RetryOptions & { readonly signal: AbortSignal }
  readonly #failure = new AbortController()
  readonly #counts = { written: 0, same: 0 }
  readonly #failed = new Set<WorkspaceId>()
  /** The last copy begun of each workspace that has one under way. */
  readonly #copying = new Map<WorkspaceId, Promise<void>>()
  /** The cursors of the changes that were started and not yet passed, the first of them being number `#passed`. */
  #cursors: (string | undefined)[] = []
  #passed = 0
  #cursor: string | undefined
  #meanBytes = 0

  constructor(source: PhotoRepository, target: PhotoRepository, options: CopierOptions) {
    this.#source = source
    this.#target = target
    this.#options = options
    this.#window = new OrderedWindow(options.concurrency ?? 512, MAX_BYTES_IN_FLIGHT)
    const { signal } = options
    const signals = [this.#failure.signal, ...(signal === undefined ? [] : [signal])]
    this.#retry = { ...options.retry, signal: AbortSignal.any(signals) }
  }

  /** How many workspaces were written, and how many were the same already. */
  get counts(): { readonly written: number; readonly same: number } {
    return this.#counts
  }

  /** The workspaces that could not be copied. */
  get failed(): ReadonlySet<WorkspaceId> {
    return this.#failed
  }

  /** Everything up to this change has been copied; undefined before the first one. */
  get cursor(): string | undefined {
    const passed = this.#window.finished - this.#passed
    if (passed > 0) {
      this.#cursor = this.#cursors[passed - 1] ?? this.#cursor
      this.#cursors = this.#cursors.slice(passed)
      this.#passed += passed
    }
    return this.#cursor
  }

  /** Aborts when the copying is to stop, by wish or because it failed: feeds that wait for more are to end then. */
  get stopping(): AbortSignal {
    return this.#retry.signal
  }

  /**
   * Copies every workspace that is named; resolves when all are copied, or once it was stopped.
   * @throws PhotosError when a store fails and does not come back in time
   */
  async copy(changes: AsyncIterable<Pick<Change, 'workspaceId'> & Partial<Change>>): Promise<void> {
    try {
      for await (const { workspaceId, cursor } of changes) {
        if (this.stopping.aborted) break
        if (this.#window.full) await this.#window.room()
        this.#start(workspaceId, cursor)
      }
      await this.#window.idle()
    } catch (error) {
      await this.#window.idle().catch(() => undefined)
      if (this.#options.signal?.aborted !== true) throw error
    }
  }

  #start(workspaceId: WorkspaceId, cursor: string | undefined): void {
    this.#cursors.push(cursor)
    this.#window.start(async () => {
      try {
        await this.#inTurn(workspaceId)
        await this.#options.onCopied()
      } catch (error) {
        this.#failure.abort()
        throw error
      }
    }, this.#meanBytes)
  }

  /** Of the same workspace one copy at a time: they would only be in each other's way. */
  async #inTurn(workspaceId: WorkspaceId): Promise<void> {
    const copy = (): Promise<void> => this.#copy(workspaceId)
    const copying = this.#copying.get(workspaceId)?.then(copy, copy) ?? copy()
    this.#copying.set(workspaceId, copying)
    try {
      await copying
    } finally {
      if (this.#copying.get(workspaceId) === copying) this.#copying.delete(workspaceId)
    }
  }

  async #copy(workspaceId: WorkspaceId): Promise<void> {
    try {
      const written = await withRetries(() => this.#attempt(workspaceId), this.#retry)
      this.#counts[written ? 'written' : 'same']++
      this.#failed.delete(workspaceId)
    } catch (error) {
      const isOfRecord = isPhotosError(error) && RECORD_ERRORS.includes(error.code)
      if (!isOfRecord || this.#failed.size === MAX_FAILED) throw error
      this.#failed.add(workspaceId)
      this.#options.onFailed(workspaceId, error.message)
    }
  }

  /**
   * Makes the target's record that of the source; true if it was another one. The target is read first: a write that is
   * conditional on that version can then never put an older record of the source over a newer one, however many copy.
   */
  async #attempt(workspaceId: WorkspaceId): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.#target.read(workspaceId, { fresh: true })
      const record = await this.#source.read(workspaceId, { fresh: true })
      this.#meanBytes += (2 * sizeOf(record) - this.#meanBytes) / 64
      if (isSame(found, record)) return false
      try {
        const { photos, receipts } = record
        await this.#target.write(workspaceId, { photos, receipts }, found.version)
        return true
      } catch (error) {
        if (!isPhotosError(error, 'VERSION_CONFLICT')) throw error
        if (attempt === ATTEMPTS) throw writeContention(workspaceId, error)
      }
    }
  }
}

/** Emptied workspaces are records too: what was deleted is not to come back by an import into the target. */
function isSame(found: WorkspaceRecord, wanted: WorkspaceRecord): boolean {
  return (
    (found.version === NEVER_WRITTEN) === (wanted.version === NEVER_WRITTEN) &&
    Buffer.compare(found.photos, wanted.photos) === 0 &&
    Buffer.compare(found.receipts ?? NONE, wanted.receipts ?? NONE) === 0
  )
}

const NONE = new Uint8Array()

const sizeOf = ({ photos, receipts }: WorkspaceRecord): number => photos.length + (receipts?.length ?? 0)
