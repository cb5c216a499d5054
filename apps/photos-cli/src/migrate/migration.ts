import type { PhotoRepository, WorkspaceId } from 'photos-domain'
import type { RetryOptions } from 'photos-samples'
import type { Checkpoint } from './checkpoint.js'
import { Copier, type CopierOptions } from './copier.js'
import { resuming } from './resuming.js'
import { type Comparison, compareStores, MAX_NAMED, stillDiffering } from './verify.js'

export interface MigrationOptions extends Pick<CopierOptions, 'concurrency' | 'signal' | 'onFailed'> {
  /** Where it goes on. */
  readonly checkpoint: Checkpoint
  /** Keeps how far it has come. */
  readonly save: (checkpoint: Checkpoint) => Promise<void>
  /** So many changes were copied, those of earlier runs included. */
  readonly onProgress: (changes: number) => void
  /** How reads, writes and feeds are tried again while a store is away. */
  readonly retry?: Omit<RetryOptions, 'signal'> | undefined
}

/** How often it is kept how far it has come. */
const SAVE_EVERY_MS = 1_000
/** How often workspaces that differ are looked at again, after what was written meanwhile was copied. */
const SECOND_LOOKS = 3

/**
 * Copies one store into another along the source's feed of changes, which names every workspace there is. All of it may be done
 * twice, so it may end anywhere and go on from its last checkpoint.
 */
export class Migration {
  readonly #source: PhotoRepository
  readonly #target: PhotoRepository
  readonly #options: MigrationOptions
  readonly #copier: Copier
  readonly #retry: RetryOptions
  #changes: number
  /** What an earlier run could not copy, until it was tried again. */
  #untried: readonly WorkspaceId[]
  #savedAt = performance.now()
  #saving: Promise<void> = Promise.resolve()

  constructor(source: PhotoRepository, target: PhotoRepository, options: MigrationOptions) {
    this.#source = source
    this.#target = target
    this.#options = options
    this.#changes = options.checkpoint.changes
    this.#untried = options.checkpoint.failed
    this.#copier = new Copier(source, target, { ...options, onCopied: () => this.#onCopied() })
    this.#retry = { ...options.retry, signal: this.#copier.stopping }
  }

  /** How many workspaces this run has written, how many were the same already, how many could not be copied. */
  get counts(): { readonly written: number; readonly same: number; readonly failed: number } {
    return { ...this.#copier.counts, failed: this.#copier.failed.size }
  }

  /** Copies what has changed since the checkpoint; resolves when that is all. @throws PhotosError */
  async catchUp(): Promise<void> {
    await this.#copyChanges(false)
  }

  /** As {@link catchUp}, and goes on with every further change until the signal aborts. @throws PhotosError */
  async follow(): Promise<void> {
    await this.#copyChanges(true)
  }

  /** Tries the workspaces again that an earlier run could not copy. @throws PhotosError */
  async retryFailed(): Promise<void> {
    await this.#copier.copy(inOrder(this.#untried.map((workspaceId) => ({ workspaceId }))))
    if (!this.#copier.stopping.aborted) this.#untried = []
  }

  /**
   * Compares both stores. What differs is looked at again once the changes made meanwhile were copied, so that a source
   * in use is no difference.
   * @throws PhotosError
   */
  async verify(onProgress: (compared: number) => void): Promise<Comparison> {
    const { signal, retry } = this.#options
    const found = await compareStores(this.#source, this.#target, { signal, retry, onProgress })
    let { differences, differing } = found
    for (let look = 1; look <= SECOND_LOOKS && differences > 0 && differences <= MAX_NAMED; look++) {
      await this.catchUp()
      if (signal?.aborted === true) break
      differing = await stillDiffering(this.#source, this.#target, differing, this.#retry)
      differences = differing.length
    }
    return { ...found, differences, differing }
  }

  /** Keeps how far it has come. It is to be called at the end, however that came. */
  async save(): Promise<void> {
    await this.#saving.catch(() => undefined)
    await this.#options.save(this.#checkpoint())
  }

  async #copyChanges(live: boolean): Promise<void> {
    const begin = this.#cursor()
    const { stopping } = this.#copier
    const changes = resuming(
      (last: { readonly cursor: string } | undefined) =>
        this.#source.changes({ since: last?.cursor ?? begin, live, signal: stopping }),
      this.#retry,
    )
    await this.#copier.copy(changes)
    await this.save()
  }

  async #onCopied(): Promise<void> {
    this.#options.onProgress(++this.#changes)
    if (performance.now() - this.#savedAt < SAVE_EVERY_MS) return
    this.#savedAt = performance.now()
    // One after the other, should the disk take longer than that.
    this.#saving = this.#saving.then(() => this.#options.save(this.#checkpoint()))
    await this.#saving
  }

  #cursor(): string | undefined {
    return this.#copier.cursor ?? this.#options.checkpoint.cursor
  }

  #checkpoint(): Checkpoint {
    const cursor = this.#cursor()
    const { from, to } = this.#options.checkpoint
    const failed = [...new Set([...this.#untried, ...this.#copier.failed])]
    return {
      format: 1,
      from,
      to,
      ...(cursor === undefined ? {} : { cursor }),
      changes: this.#changes,
      failed,
    }
  }
}

async function* inOrder<T>(elements: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* elements
}
