import { setMaxListeners } from 'node:events'
import type { WorkspaceId } from 'photos-domain'
import { type Leaf, type Stored, storedIn } from './document.js'
import { getDocument, getLeaves } from './documents-api.js'
import { isTransient, RequestFailure, toPhotosError } from './failure.js'
import type { Outcome } from './gather.js'
import type { Nodes } from './nodes.js'

export interface ReaderOptions {
  /** How long one attempt may take. */
  readonly attemptTimeoutMs: number
  /** The largest answer that a batch may have, in bytes; a batch with a larger one is read one by one. */
  readonly maxBatchBytes: number
  /** How many documents of one batch are read at once when they are read one by one. */
  readonly maxSinglesInFlight: number
}

/** Called for a document that was edited in two places, with how many leaves lost. */
export type OnConflict = (workspaceId: WorkspaceId, losers: number) => void

/** Reads batches of workspaces. */
export class Reader {
  readonly #nodes: Nodes
  readonly #options: ReaderOptions
  readonly #onConflict: OnConflict

  constructor(nodes: Nodes, options: ReaderOptions, onConflict: OnConflict) {
    this.#nodes = nodes
    this.#options = options
    this.#onConflict = onConflict
  }

  /** The outcome for each workspace, in their order. Errors are PhotosErrors. */
  async read(workspaceIds: readonly WorkspaceId[], signal?: AbortSignal): Promise<Outcome<Stored>[]> {
    const found = await this.#leavesOf(workspaceIds, signal)
    const outcomes: Outcome<Stored>[] = []
    const untold: number[] = []
    for (const [index, workspaceId] of workspaceIds.entries()) {
      const leaves = found.get(workspaceId)
      if (leaves === undefined) untold.push(index)
      else outcomes[index] = this.#outcomeOf(workspaceId, leaves)
    }
    // Each that is read at once listens to it, for as long as it is: more than Node takes for no leak by default.
    if (untold.length > 0 && signal !== undefined)
      setMaxListeners(2 * this.#options.maxSinglesInFlight, signal)
    await eachOf(untold, this.#options.maxSinglesInFlight, async (index) => {
      const workspaceId = workspaceIds[index]
      if (workspaceId !== undefined) outcomes[index] = await this.#readAlone(workspaceId, signal)
    })
    return outcomes
  }

  async #readAlone(workspaceId: WorkspaceId, signal: AbortSignal | undefined): Promise<Outcome<Stored>> {
    const { attemptTimeoutMs: timeoutMs } = this.#options
    try {
      const limits = { timeoutMs, signal }
      return this.#outcomeOf(
        workspaceId,
        await this.#nodes.run((node) => getDocument(node, workspaceId, limits), limits),
      )
    } catch (error) {
      return { error: toPhotosError(error) }
    }
  }

  /** The leaves of the workspaces whose leaves the node could tell. @throws PhotosError */
  async #leavesOf(
    workspaceIds: readonly WorkspaceId[],
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<WorkspaceId, readonly Leaf[]>> {
    const { attemptTimeoutMs: timeoutMs, maxBatchBytes: maxBytes } = this.#options
    try {
      return await this.#nodes.run((node) => getLeaves(node, workspaceIds, { timeoutMs, maxBytes, signal }), {
        work: workspaceIds.length,
        mayRetry: (failure) => isTransient(failure) && !isBatchFault(failure),
        signal,
      })
    } catch (error) {
      if (error instanceof RequestFailure && isBatchFault(error)) return new Map()
      throw toPhotosError(error)
    }
  }

  #outcomeOf(workspaceId: WorkspaceId, leaves: readonly Leaf[]): Outcome<Stored> {
    try {
      const value = storedIn(workspaceId, leaves)
      if (value.losers > 0) this.#onConflict(workspaceId, value.losers)
      return { value }
    } catch (error) {
      return { error: toPhotosError(error) }
    }
  }
}

/**
 * Whether it may be one document that spoils the batch: one that is very large; or one that is absent, which a cluster tells
 * in a batch only once every copy has, and so not while a node hangs, though it knows it of a single document by quorum.
 */
const isBatchFault = ({ kind }: RequestFailure): boolean =>
  kind === 'timeout' || kind === 'oversized' || kind === 'rejected'

/** Runs the task for each item, a few at once. */
async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (const item of rest) await task(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}
