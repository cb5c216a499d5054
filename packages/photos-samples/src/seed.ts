import { setImmediate as nextTurn } from 'node:timers/promises'
import { NEVER_WRITTEN, type PhotoRepository } from 'photos-domain'
import { checkInteger } from './check-integer.js'
import { createWorkspace } from './create-workspace.js'
import { OrderedWindow } from './ordered-window.js'
import { type RetryOptions, withRetries } from './retry.js'
import {
  checkSeed,
  DEFAULT_SEED,
  MAX_SAMPLE_WORKSPACES,
  sampleContent,
  sampleWorkspaceId,
} from './samples.js'

/** The most writes that may be in flight. A run that was interrupted left no more than that many behind its furthest one. */
export const MAX_CONCURRENCY = 4096

export interface SeedOptions {
  /** How many sample workspaces there shall be: those with the indexes 0 to one less. */
  readonly workspaces: number
  /** Which samples. Default `DEFAULT_SEED`. */
  readonly seed?: number | undefined
  /** How many writes are in flight at once, at most {@link MAX_CONCURRENCY}. Default 2048. */
  readonly concurrency?: number | undefined
  /** True: try every index from 0 on, for a store of which parts were deleted or were never there. Default false. */
  readonly fillGaps?: boolean | undefined
  /** Stops the seeding without an error, once the writes in flight have ended. */
  readonly signal?: AbortSignal | undefined
  /** Called at the beginning, now and then, and at the end. */
  readonly onProgress?: ((progress: SeedProgress) => void) | undefined
  /** How a write is tried again while the store is away. */
  readonly retry?: Omit<RetryOptions, 'signal'> | undefined
}

export interface SeedResult {
  /** How many workspaces this call has written. */
  readonly written: number
  /** How many were there already. */
  readonly skipped: number
}

export interface SeedProgress extends SeedResult {
  /** How many of the workspaces are there without a gap. */
  readonly done: number
  readonly total: number
}

/** The seeding could not go on; `cause` is why, `progress` how far it came. The same call again continues from there. */
export class SeedError extends Error {
  override readonly name = 'SeedError'
  readonly progress: SeedProgress

  constructor(progress: SeedProgress, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`seeding stopped at ${progress.done} of ${progress.total} workspaces: ${why}`, { cause })
    this.progress = progress
  }
}

/**
 * The event loop turns after so many starts, so that the store can put its next commit on the way to the disk before all
 * that may be in flight has been made.
 */
const STARTS_PER_TURN = 32
/** Progress is told every so many writes. */
const WRITES_PER_PROGRESS = 256

/**
 * Writes the sample workspaces that are not there yet, in the order of their ids. What is there stays as it is, whatever is
 * in it. After an interruption of any kind the same call goes on where the earlier one stopped: it finds the place
 * with a few reads.
 * @throws SeedError when the store fails and does not come back in time
 * @throws RangeError where an option is out of range
 */
export async function seedWorkspaces(repository: PhotoRepository, options: SeedOptions): Promise<SeedResult> {
  const { workspaces: total, seed = DEFAULT_SEED, concurrency = 2048, fillGaps = false } = options
  const { signal, onProgress } = options
  checkInteger('workspaces', total, 0, MAX_SAMPLE_WORKSPACES)
  checkInteger('concurrency', concurrency, 1, MAX_CONCURRENCY)
  checkSeed(seed)

  const failure = new AbortController()
  const retry: RetryOptions = {
    ...options.retry,
    signal: signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]),
  }
  const window = new OrderedWindow(concurrency)
  let start = 0
  let written = 0
  let conflicts = 0
  const progress = (): SeedProgress => ({
    written,
    skipped: start + conflicts,
    done: start + window.finished,
    total,
  })

  const write = async (index: number): Promise<void> => {
    try {
      const content = sampleContent(index, seed)
      if (await createWorkspace(repository, sampleWorkspaceId(index), content, retry)) written++
      else conflicts++
    } catch (error) {
      failure.abort()
      throw error
    }
    if ((written + conflicts) % WRITES_PER_PROGRESS === 0) onProgress?.(progress())
  }

  try {
    if (!fillGaps) start = await findStart(repository, total, retry)
    onProgress?.(progress())
    for (let index = start; index < total && !signal?.aborted; index++) {
      if (window.full) await window.room()
      window.start(() => write(index))
      if (index % STARTS_PER_TURN === 0) await nextTurn()
    }
    await window.idle()
  } catch (error) {
    await window.idle().catch(() => undefined)
    if (!signal?.aborted) throw new SeedError(progress(), error)
  }
  onProgress?.(progress())
  return { written, skipped: start + conflicts }
}

/**
 * The index to start from: every one below is there. A run writes in order with at most MAX_CONCURRENCY in flight, so
 * where a missing workspace follows one that is there, none is missing further back than that.
 */
async function findStart(repository: PhotoRepository, total: number, retry: RetryOptions): Promise<number> {
  let there = 0
  let missing = total
  while (there < missing) {
    const middle = Math.floor((there + missing) / 2)
    const { version } = await withRetries(
      async () => repository.read(sampleWorkspaceId(middle), { fresh: true }),
      retry,
    )
    if (version === NEVER_WRITTEN) missing = middle
    else there = middle + 1
  }
  return Math.max(0, there - MAX_CONCURRENCY)
}
