import { type Backoff, backoffDelayMs } from './backoff.js'
import { corruptRecord, isPhotosError, PhotosError, writeContention } from './errors.js'
import { KeyedQueue } from './keyed-queue.js'
import type { Photo, WorkspaceId } from './model.js'
import { decodePhotos, encodePhotos } from './photo-bytes.js'
import { decodeReceipts, encodeReceipts, type Receipt } from './receipts.js'
import type { PhotoRepository, WorkspaceRecord } from './repository.js'
import type { Version } from './version.js'

/** A record, parsed. */
export interface Workspace {
  readonly version: Version
  readonly photos: readonly Photo[]
  readonly receipts: readonly Receipt[]
}

export interface Decision<T> {
  /** What to store; absent when what is stored is right already. */
  readonly next?: { readonly photos: readonly Photo[]; readonly receipts?: readonly Receipt[] }
  readonly result: T
}

/** What to make of a workspace. It may be asked several times, each time about another state of it, and may throw. */
export type Decide<T> = (workspace: Workspace) => Decision<T>

export interface Outcome<T> {
  readonly result: T
  /** The version of the record that the result is about. */
  readonly version: Version
}

/**
 * The read-modify-write loop. A write reads the record, decides, and writes on condition that the record has not moved since;
 * when it has, it starts again.
 *
 * Writes to one workspace take turns. One that waited for another begins with what that one left instead of reading it back:
 * the condition holds only if nobody came between. So a workspace that many write to costs one request to the store
 * for a write, not two. Where nothing is to be written there is no condition, so that is decided on what is read.
 */
export class WorkspaceWriter {
  readonly #repository: PhotoRepository
  readonly #backoff: Backoff
  readonly #maxQueuedWrites: number
  readonly #queue = new KeyedQueue()
  /** What the last write left, where another one waits for its turn. */
  readonly #left = new Map<WorkspaceId, Workspace>()

  constructor(
    repository: PhotoRepository,
    backoff: Backoff = { attempts: 12, baseDelayMs: 4, maxDelayMs: 250 },
    maxQueuedWrites = 1000,
  ) {
    this.#repository = repository
    this.#backoff = backoff
    this.#maxQueuedWrites = maxQueuedWrites
  }

  /** @throws PhotosError `WRITE_CONTENTION`, and what `decide` or the repository throws */
  async write<T>(workspaceId: WorkspaceId, decide: Decide<T>): Promise<Outcome<T>> {
    if (this.#queue.length(workspaceId) > this.#maxQueuedWrites) throw writeContention(workspaceId)
    return this.#queue.run(workspaceId, async () => {
      const left = this.#left.get(workspaceId)
      this.#left.delete(workspaceId)
      const outcome = left === undefined ? undefined : await this.#writeOn(workspaceId, left, decide)
      return outcome ?? this.#readAndWrite(workspaceId, decide)
    })
  }

  /** Writes on what the write before left; undefined where that does not do, and the record has to be read. */
  async #writeOn<T>(
    workspaceId: WorkspaceId,
    left: Workspace,
    decide: Decide<T>,
  ): Promise<Outcome<T> | undefined> {
    let decision: Decision<T>
    try {
      decision = decide(left)
    } catch {
      return undefined
    }
    if (decision.next === undefined) return undefined
    try {
      return await this.#store(workspaceId, left, decision.next, decision.result)
    } catch (error) {
      if (isPhotosError(error, 'VERSION_CONFLICT')) return undefined
      throw error
    }
  }

  async #readAndWrite<T>(workspaceId: WorkspaceId, decide: Decide<T>): Promise<Outcome<T>> {
    for (let attempt = 1; ; attempt++) {
      const workspace = parseRecord(workspaceId, await this.#repository.read(workspaceId, { fresh: true }))
      const { next, result } = decide(workspace)
      if (next === undefined) return { result, version: workspace.version }
      try {
        return await this.#store(workspaceId, workspace, next, result)
      } catch (error) {
        if (!isPhotosError(error, 'VERSION_CONFLICT')) throw error
        if (attempt >= this.#backoff.attempts) throw writeContention(workspaceId, error)
      }
      await delay(backoffDelayMs(this.#backoff, attempt, Math.random))
    }
  }

  async #store<T>(
    workspaceId: WorkspaceId,
    before: Workspace,
    { photos, receipts = before.receipts }: NonNullable<Decision<T>['next']>,
    result: T,
  ): Promise<Outcome<T>> {
    const content = { photos: encodePhotos(photos), receipts: encodeReceipts(receipts) }
    const version = await this.#repository.write(workspaceId, content, before.version)
    if (this.#queue.length(workspaceId) > 1) this.#left.set(workspaceId, { version, photos, receipts })
    return { result, version }
  }
}

function parseRecord(workspaceId: WorkspaceId, { version, photos, receipts }: WorkspaceRecord): Workspace {
  try {
    return { version, photos: decodePhotos(photos), receipts: decodeReceipts(receipts) }
  } catch (error) {
    if (error instanceof PhotosError) throw error
    throw corruptRecord(workspaceId, 'is not a list of photos', error)
  }
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
