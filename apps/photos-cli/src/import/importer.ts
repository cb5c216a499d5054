import {
  encodePhotos,
  isPhotosError,
  NEVER_WRITTEN,
  type PhotoRepository,
  PhotosError,
  type PhotosErrorCode,
  type WorkspaceId,
  writeContention,
} from 'photos-domain'
import { createWorkspace, OrderedWindow, type RetryOptions, withRetries } from 'photos-samples'
import { formatCount } from '../format.js'
import { type Line, linesOf } from './lines.js'
import { lineTooLong, maxLineBytes, parseWorkspaceLine, type WorkspaceLine } from './workspace-line.js'

/** What becomes of a workspace that was written before: it stays, it is replaced, or its line has failed. */
export type OnConflict = 'skip' | 'replace' | 'fail'

export interface ImportOptions {
  readonly onConflict: OnConflict
  /** The most photos that a workspace may have. */
  readonly maxPhotos: number
  /** How many writes are in flight at once. Default 2048. */
  readonly concurrency?: number | undefined
  /** Stops the import without an error, once the writes in flight have ended. */
  readonly signal?: AbortSignal | undefined
  /** A line did not go in, and why. Lines may be told out of order. */
  readonly onFailedLine: (lineNumber: number, reason: string) => void
  readonly onProgress?: ((counts: ImportCounts) => void) | undefined
  /** How a write is tried again while the store is away. */
  readonly retry?: Omit<RetryOptions, 'signal'> | undefined
}

export interface ImportCounts {
  /** Workspaces that were new. */
  readonly imported: number
  readonly replaced: number
  /** Workspaces that stayed as they were. */
  readonly skipped: number
  /** Lines that did not go in. */
  readonly failed: number
}

/** What the lines in flight may have in all, and one line more. */
const MAX_BYTES_IN_FLIGHT = 32 * 1024 * 1024
/** How often a replacement is tried again when someone else writes the same workspace. */
const REPLACE_ATTEMPTS = 10
/** Errors of one record. All others are of the store, and end the import. */
const RECORD_ERRORS: readonly PhotosErrorCode[] = [
  'INVALID_INPUT',
  'RECORD_TOO_LARGE',
  'CORRUPT_RECORD',
  'VERSION_CONFLICT',
  'WRITE_CONTENTION',
]

/** The import could not go on; `cause` is why. The same import again puts the rest in. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
  readonly counts: ImportCounts

  constructor(counts: ImportCounts, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`the import stopped (${summarize(counts)}): ${why}`, { cause })
    this.counts = counts
  }
}

/** The counts for a person to read. */
export function summarize({ imported, replaced, skipped, failed }: ImportCounts): string {
  const [i, r, s, f] = [imported, replaced, skipped, failed].map(formatCount)
  return `imported ${i}, replaced ${r}, skipped ${s}, failed ${f}`
}

/**
 * Puts the workspaces of an NDJSON text into a repository. Lines that are not right are told and left out. When a workspace
 * comes more than once, its lines count in their order.
 * @throws ImportError when the store fails and does not come back in time, or the input cannot be read
 */
export async function importWorkspaces(
  repository: PhotoRepository,
  input: AsyncIterable<Buffer>,
  options: ImportOptions,
): Promise<ImportCounts> {
  return new Importer(repository, options).run(input)
}

type Outcome = 'imported' | 'replaced' | 'skipped'

class Importer {
  readonly #repository: PhotoRepository
  readonly #options: ImportOptions
  readonly #window: OrderedWindow
  readonly #failure = new AbortController()
  readonly #retry: RetryOptions
  readonly #counts = { imported: 0, replaced: 0, skipped: 0, failed: 0 }
  /** The last write to each workspace that has one in flight. */
  readonly #writing = new Map<WorkspaceId, Promise<void>>()

  constructor(repository: PhotoRepository, options: ImportOptions) {
    this.#repository = repository
    this.#options = options
    this.#window = new OrderedWindow(options.concurrency ?? 2048, MAX_BYTES_IN_FLIGHT)
    const { signal } = options
    this.#retry = {
      ...options.retry,
      signal: signal === undefined ? this.#failure.signal : AbortSignal.any([signal, this.#failure.signal]),
    }
  }

  async run(input: AsyncIterable<Buffer>): Promise<ImportCounts> {
    const { signal, maxPhotos, onProgress } = this.#options
    try {
      for await (const line of linesOf(input, maxLineBytes(maxPhotos))) {
        if (signal?.aborted) break
        if (this.#window.full) await this.#window.room()
        const workspace = this.#parse(line)
        if (workspace !== undefined) this.#start(line, workspace)
        onProgress?.(this.#counts)
      }
      await this.#window.idle()
    } catch (error) {
      await this.#window.idle().catch(() => undefined)
      if (!signal?.aborted) throw new ImportError(this.#counts, error)
    }
    return this.#counts
  }

  /** Undefined for an empty line, and for one that is not right: that is told. */
  #parse({ number, bytes }: Line): WorkspaceLine | undefined {
    const { maxPhotos } = this.#options
    if (bytes !== undefined && isBlank(bytes)) return undefined
    try {
      if (bytes === undefined) throw lineTooLong(maxLineBytes(maxPhotos))
      return parseWorkspaceLine(bytes, maxPhotos)
    } catch (error) {
      this.#fail(number, error)
      return undefined
    }
  }

  #start({ number, bytes }: Line, workspace: WorkspaceLine): void {
    this.#window.start(async () => {
      try {
        await this.#inTurn(workspace.workspaceId, async () => {
          this.#counts[await this.#put(workspace)]++
        })
      } catch (error) {
        if (isPhotosError(error) && RECORD_ERRORS.includes(error.code)) return this.#fail(number, error)
        this.#failure.abort()
        throw error
      }
    }, bytes?.length)
  }

  /** Does it once what was begun before for the same workspace has ended, whichever way. */
  async #inTurn(workspaceId: WorkspaceId, task: () => Promise<void>): Promise<void> {
    const writing = this.#writing.get(workspaceId)?.then(task, task) ?? task()
    this.#writing.set(workspaceId, writing)
    try {
      await writing
    } finally {
      if (this.#writing.get(workspaceId) === writing) this.#writing.delete(workspaceId)
    }
  }

  async #put({ workspaceId, photos }: WorkspaceLine): Promise<Outcome> {
    const content = encodePhotos(photos)
    if (await createWorkspace(this.#repository, workspaceId, { photos: content }, this.#retry)) {
      return 'imported'
    }
    const { onConflict } = this.#options
    if (onConflict === 'skip') return 'skipped'
    if (onConflict === 'replace') {
      return withRetries(() => this.#replace(workspaceId, content), this.#retry)
    }
    throw new PhotosError('VERSION_CONFLICT', `workspace ${workspaceId} is there already`)
  }

  /** Replaces the photos, whatever they are; the receipts stay, as with every other write. */
  async #replace(workspaceId: WorkspaceId, photos: Uint8Array): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      const { version, receipts, photos: found } = await this.#repository.read(workspaceId, { fresh: true })
      if (version !== NEVER_WRITTEN && Buffer.compare(found, photos) === 0) return 'skipped'
      try {
        await this.#repository.write(workspaceId, { photos, receipts }, version)
        return 'replaced'
      } catch (error) {
        if (!isPhotosError(error, 'VERSION_CONFLICT')) throw error
        if (attempt === REPLACE_ATTEMPTS) throw writeContention(workspaceId, error)
      }
    }
  }

  #fail(lineNumber: number, error: unknown): void {
    if (!(error instanceof Error)) throw error
    this.#counts.failed++
    this.#options.onFailedLine(lineNumber, error.message)
  }
}

const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x09)
