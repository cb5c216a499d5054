import { LRUCache } from 'lru-cache'
import type { Version, WorkspaceId } from 'photos-domain'
import type { Stored } from './document.js'

/** Of so many workspaces it is known what a write may follow: one to a workspace that is written often is not preceded by a read. */
const MOST_KNOWN = 16_384
/**
 * For how long that is believed. A revision may come to stand beside it without this process being told (the copies of a cluster that was
 * cut in two find each other again), and is found, and merged, by the read after that time.
 */
const KNOWN_FOR_MS = 10_000
/** Most are for what follows at once. */
const MOST_CONTESTED = 4096

/** A revision that was read as the only one, or that a write put on top of such a one. */
export interface Known {
  readonly version: Version
  /** When it was read, on the clock of `performance.now()`; a write on top of it makes it no younger. */
  readonly readAtMs: number
}

/** What was read or written last of a workspace, until a write takes it. */
export class RecentRevisions {
  readonly #known = new LRUCache<WorkspaceId, Known>({ max: MOST_KNOWN })
  readonly #nowMs: () => number

  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs
  }

  keep(workspaceId: WorkspaceId, known: Known): void {
    this.#known.set(workspaceId, known)
  }

  /** Keeps what was asked for at `readAtMs`, where a write may follow it: not a tombstone, nor one of several leaves. */
  keepRead(workspaceId: WorkspaceId, { record, isDeleted, losers }: Stored, readAtMs: number): void {
    if (!isDeleted && losers === 0) this.#known.set(workspaceId, { version: record.version, readAtMs })
  }

  take(workspaceId: WorkspaceId): Known | undefined {
    const known = this.#known.peek(workspaceId)
    this.#known.delete(workspaceId)
    return known !== undefined && this.#nowMs() - known.readAtMs < KNOWN_FOR_MS ? known : undefined
  }
}

/** The workspaces in which a write lost to another, until they were read afresh. */
export class ContestedWorkspaces {
  readonly #losses = new LRUCache<WorkspaceId, number>({ max: MOST_CONTESTED })
  #count = 0

  add(workspaceId: WorkspaceId): void {
    this.#losses.set(workspaceId, ++this.#count)
  }

  /** The number of the last loss, to be handed to {@link settle}; undefined where there was none since it was settled. */
  lastLoss(workspaceId: WorkspaceId): number | undefined {
    return this.#losses.get(workspaceId)
  }

  /** What followed that loss is settled and was read. One that came meanwhile is not. */
  settle(workspaceId: WorkspaceId, loss: number): void {
    if (this.#losses.peek(workspaceId) === loss) this.#losses.delete(workspaceId)
  }
}
