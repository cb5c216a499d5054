import { setTimeout as delay } from 'node:timers/promises'
import { isPhotosError, isWorkspaceId, type WorkspaceId } from 'photos-domain'
import { mergeConflict, readLeaves } from './conflicts.js'
import { getLeaves } from './documents-api.js'
import { toPhotosError } from './failure.js'
import type { Nodes } from './nodes.js'
import { openNodes } from './open-nodes.js'
import type { CouchdbOptions } from './options.js'
import { pageOfChanges } from './pages.js'
import { Writer } from './writer.js'

export interface RepairOptions extends CouchdbOptions {
  /** Only documents that changed after this cursor, as an earlier repair gave it. Absent: all. */
  readonly since?: string | undefined
  /** True: finds, and changes nothing. */
  readonly dryRun?: boolean | undefined
  /** Called after each page. */
  readonly onProgress?: ((progress: RepairResult) => void) | undefined
  /** Ends the repair after the document it is at. */
  readonly signal?: AbortSignal | undefined
}

export interface RepairResult {
  /** How many documents were looked at. */
  readonly examined: number
  /** How many of them had conflicting revisions. */
  readonly conflicted: number
  /** How many of those have none any more. */
  readonly repaired: number
  /** How many losing revisions were merged into their winners and removed. */
  readonly merged: number
  /** Which were left as they are, and why. */
  readonly failed: readonly { readonly workspaceId: WorkspaceId; readonly error: Error }[]
  /** Where the feed of changes stood: a later repair can go on from here. */
  readonly cursor: string
}

/** How long one request may take: a page of changes may be read from the disk. */
const TIMEOUT_MS = 30_000
/** How often a document that is being written meanwhile is tried. */
const ATTEMPTS = 6

/**
 * Finds the documents with conflicting revisions, merges the photos of the losers into the winner, and removes the losers.
 * No photo is lost: what any revision has is kept. It may run while the service does, be cut off anywhere and run again; without
 * conflicts it changes nothing. It needs no index: the feed of changes names every leaf of a document
 * (https://docs.couchdb.org/en/stable/api/database/changes.html, style `all_docs`).
 * @throws PhotosError when CouchDB cannot be asked; what is wrong with one document is told in the result
 */
export async function repairConflicts(options: RepairOptions): Promise<RepairResult> {
  const nodes = openNodes(options)
  try {
    return await new Repair(nodes, options).run()
  } catch (error) {
    throw toPhotosError(error)
  } finally {
    await nodes.close()
  }
}

class Repair {
  readonly #nodes: Nodes
  readonly #writer: Writer
  readonly #options: RepairOptions
  readonly #counts = { examined: 0, conflicted: 0, repaired: 0, merged: 0 }
  readonly #failed: { readonly workspaceId: WorkspaceId; readonly error: Error }[] = []
  #cursor: string

  constructor(nodes: Nodes, options: RepairOptions) {
    this.#nodes = nodes
    this.#options = options
    this.#cursor = options.since ?? '0'
    this.#writer = new Writer(nodes, { timeoutMs: TIMEOUT_MS })
  }

  async run(): Promise<RepairResult> {
    const { onProgress, signal, pageSize: limit = 1000 } = this.#options
    const request = { limit, timeoutMs: TIMEOUT_MS, style: 'all_docs' } as const
    for (;;) {
      const since = this.#cursor
      const rows = await this.#nodes.run((node) => pageOfChanges(node, since, request))
      const ofWorkspaces = rows.filter(({ id }) => isWorkspaceId(id))
      // Leaves that were deleted are named too, so most of these have been repaired long ago.
      const suspects = ofWorkspaces.filter(({ changes }) => Array.isArray(changes) && changes.length > 1)
      for (const workspaceId of await this.#withConflicts(suspects.map(({ id }) => id))) {
        if (signal?.aborted === true) return this.#result()
        this.#counts.conflicted++
        if (this.#options.dryRun !== true) await this.#repair(workspaceId)
      }
      this.#counts.examined += ofWorkspaces.length
      const seq = rows.at(-1)?.['seq']
      if (typeof seq === 'string' || typeof seq === 'number') this.#cursor = String(seq)
      onProgress?.(this.#result())
      if (rows.length < limit || signal?.aborted === true) return this.#result()
    }
  }

  #result(): RepairResult {
    return { ...this.#counts, failed: [...this.#failed], cursor: this.#cursor }
  }

  /** Those of the documents that have more than one leaf that was not deleted. */
  async #withConflicts(workspaceIds: readonly WorkspaceId[]): Promise<WorkspaceId[]> {
    if (workspaceIds.length === 0) return []
    const found = await this.#nodes.run((node) => getLeaves(node, workspaceIds, { timeoutMs: TIMEOUT_MS }))
    return workspaceIds.filter((workspaceId) => {
      const leaves = found.get(workspaceId)
      // What the node could not tell is looked at alone.
      return leaves === undefined || leaves.filter(({ isDeleted }) => !isDeleted).length > 1
    })
  }

  async #repair(workspaceId: WorkspaceId): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const leaves = await readLeaves(this.#nodes, workspaceId, { timeoutMs: TIMEOUT_MS })
        this.#counts.merged += await mergeConflict(this.#writer, workspaceId, leaves)
        this.#counts.repaired++
        return
      } catch (error) {
        if (!isPhotosError(error, 'VERSION_CONFLICT') || attempt === ATTEMPTS) {
          this.#failed.push({ workspaceId, error: toPhotosError(error) })
          return
        }
      }
      await delay(Math.random() * 10 * 2 ** attempt)
    }
  }
}
