import {
  PhotosError,
  repositoryUnavailable,
  type Version,
  versionConflict,
  type WorkspaceId,
  writeOutcomeUnknown,
} from 'photos-domain'
import type { ConditionalWrite, Environment } from './environment.js'
import { storeFailure, transactionFailure } from './errors.js'

/** The most writes of one commit. The event loop waits while they are applied, some 5 to 10 microseconds each. */
const MAX_BATCH_WRITES = 500
/** The most bytes of one commit, unless a single record has more. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024
/** The most bytes of writes that wait for their commit, and so of a record. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024

interface QueuedWrite extends ConditionalWrite {
  readonly resolve: (version: Version) => void
  readonly reject: (error: PhotosError) => void
}

/**
 * Commits writes in groups: while one commit is on its way to the disk, the writes that come are gathered for the next.
 * There is one writer at a time over all processes, so a group is taken from the queue only when it is this one's turn.
 */
export class CommitQueue {
  readonly #environment: Environment
  readonly #onCommit: () => void
  #queue: QueuedWrite[] = []
  #queuedBytes = 0
  #isCommitting = false
  /** The write that was queued last. Writes settle in the order in which they were queued. */
  #newest: Promise<unknown> = Promise.resolve()
  /** Why the last commit failed; undefined when it did not. */
  #lastFailure: PhotosError | undefined
  /** Set once LMDB refuses to go on with this environment. */
  #fatal: PhotosError | undefined

  constructor(environment: Environment, onCommit: () => void) {
    this.#environment = environment
    this.#onCommit = onCommit
  }

  /** Resolves to the new version once it is on disk. @throws PhotosError as `PhotoRepository.write` does */
  write(workspaceId: WorkspaceId, value: Uint8Array, expected: Version): Promise<Version> {
    const written = new Promise<Version>((resolve, reject) => {
      const refusal = this.#refusal(workspaceId, value.length)
      if (refusal !== undefined) {
        reject(refusal)
        return
      }
      this.#queue.push({ workspaceId, value, expected, resolve, reject })
      this.#queuedBytes += value.length
    })
    this.#newest = written
    if (!this.#isCommitting) void this.#commitAll()
    return written
  }

  /** Resolves once all writes that were queued before have settled. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#newest])
  }

  /**
   * Resolves if a write could be made now: when it is this process's turn to write, and, if the last commit failed, when one
   * succeeds. @throws PhotosError `REPOSITORY_UNAVAILABLE`
   */
  async ready(): Promise<void> {
    if (this.#fatal !== undefined) throw this.#fatal
    try {
      await this.#environment.transact(() => {
        if (this.#lastFailure !== undefined) this.#environment.touch()
      })
      this.#lastFailure = undefined
    } catch (error) {
      throw await this.#failure(error)
    }
  }

  #refusal(workspaceId: WorkspaceId, bytes: number): PhotosError | undefined {
    if (this.#fatal !== undefined) return this.#fatal
    if (bytes > MAX_QUEUED_BYTES) {
      const message = `the record of workspace ${workspaceId} would have ${bytes} bytes, above ${MAX_QUEUED_BYTES}`
      return new PhotosError('RECORD_TOO_LARGE', message)
    }
    if (this.#queuedBytes + bytes > MAX_QUEUED_BYTES) {
      return new PhotosError('REPOSITORY_OVERLOADED', 'too many writes are waiting', { retryAfterMs: 1000 })
    }
    return undefined
  }

  async #commitAll(): Promise<void> {
    this.#isCommitting = true
    while (this.#queue.length > 0) await this.#commit()
    this.#isCommitting = false
  }

  async #commit(): Promise<void> {
    let batch: readonly QueuedWrite[] = []
    let versions: readonly (Version | undefined)[] = []
    try {
      await this.#environment.transact(() => {
        batch = this.#takeBatch()
        versions = this.#environment.apply(batch)
      })
    } catch (error) {
      // Where the transaction could not even begin, nothing was taken yet.
      await this.#reject(batch.length > 0 ? batch : this.#takeBatch(), error)
      return
    }
    this.#lastFailure = undefined
    for (const [index, { workspaceId, resolve, reject }] of batch.entries()) {
      const version = versions[index]
      if (version === undefined) reject(versionConflict(workspaceId))
      else resolve(version)
    }
    this.#onCommit()
  }

  #takeBatch(): QueuedWrite[] {
    let count = 0
    let bytes = 0
    for (const { value } of this.#queue) {
      if (count === MAX_BATCH_WRITES || (count > 0 && bytes + value.length > MAX_BATCH_BYTES)) break
      count++
      bytes += value.length
    }
    this.#queuedBytes -= bytes
    return this.#queue.splice(0, count)
  }

  async #reject(batch: readonly QueuedWrite[], error: unknown): Promise<void> {
    const failure = await this.#failure(error)
    const fatal = this.#fatal
    for (const { workspaceId, reject } of batch) {
      reject(fatal === undefined ? failure : writeOutcomeUnknown(workspaceId, failure))
    }
    if (fatal !== undefined) for (const { reject } of this.#queue.splice(0)) reject(fatal)
  }

  /**
   * Finds out why a transaction failed, and whether LMDB goes on. After most failures it does, and nothing of the
   * transaction was kept. Only when the page that makes a commit valid could not be written, it is not known whether it was,
   * and LMDB refuses everything: then a further write would never end.
   */
  async #failure(error: unknown): Promise<PhotosError> {
    const cause = await transactionFailure(error)
    const failure = storeFailure(this.#environment.path, 'could not be written', cause)
    this.#lastFailure = failure
    try {
      this.#environment.lastVersion()
    } catch (refused) {
      const message = `the store at ${this.#environment.path} failed in the middle of a commit: restart this process`
      this.#fatal = repositoryUnavailable(message, refused)
    }
    return failure
  }
}
