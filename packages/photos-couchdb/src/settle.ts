import { setTimeout as delay } from 'node:timers/promises'
import {
  compareVersions,
  isPhotosError,
  type Version,
  versionConflict,
  type WorkspaceContent,
  type WorkspaceId,
} from 'photos-domain'
import {
  contentOf,
  descendsFrom,
  isSameContent,
  mergeConflict,
  readLeaves,
  remove,
  writeOne,
} from './conflicts.js'
import type { Leaf } from './document.js'
import { quorumNotMet } from './failure.js'
import type { Nodes } from './nodes.js'
import type { Write, Writer, Written } from './writer.js'

export interface SettleOptions {
  /** How long one request may take. */
  readonly attemptTimeoutMs: number
  /** How often to look; between two looks there is a wait that doubles, up to 200 ms. */
  readonly looks: number
}

/** A write that CouchDB accepted on fewer copies than the quorum. */
export interface ShortWrite {
  readonly workspaceId: WorkspaceId
  readonly content: WorkspaceContent
  readonly version: Version
}

/**
 * Finds out what became of a write that fewer copies than the quorum accepted, and makes it be one thing or the other.
 *
 * The copies of a document each decide for themselves. When two processes write onto the same version at the same instant,
 * one may win at two of three copies, which is acknowledged (201), and the other at the third, which is `accepted` (202). Then
 * both are leaves, and the one that was not acknowledged may be the winner and hide the other: an update that was
 * acknowledged would be lost. So the writer that was not acknowledged takes its own write back, and is told of the conflict. Its
 * version may have been read by then, and versions only grow, so before that the others are raised above it: written
 * once more, as they are.
 *
 * When there is no other leaf, copies are missing, and the write is there but may be lost: `QUORUM_NOT_MET`.
 *
 * For this to hold, nobody may build on a leaf that stands beside another: see {@link Settler.resolve}.
 */
export class Settler {
  readonly #nodes: Nodes
  readonly #writer: Writer
  readonly #options: SettleOptions

  constructor(nodes: Nodes, writer: Writer, options: SettleOptions) {
    this.#nodes = nodes
    this.#writer = writer
    this.#options = options
  }

  /**
   * The version of the write, when it turns out to stand.
   * @throws PhotosError `VERSION_CONFLICT` when it was taken back, `QUORUM_NOT_MET` otherwise
   */
  async settle(write: ShortWrite): Promise<Version> {
    const settlement = new Settlement(write, this.#writer)
    try {
      const version = await this.#lookAgain(write.workspaceId, (leaves) => settlement.look(leaves))
      if (version !== undefined) return version
    } catch (error) {
      if (error === settlement.verdict) throw error
    }
    throw quorumNotMet(write.workspaceId)
  }

  /**
   * Waits until the document has one leaf; should nobody see to that, merges them.
   * @throws PhotosError those of a write
   */
  async resolve(workspaceId: WorkspaceId): Promise<void> {
    await this.#lookAgain(workspaceId, async (leaves) => {
      return leaves.filter(({ isDeleted }) => !isDeleted).length <= 1 || undefined
    })
  }

  /** What `look` finds in the leaves, as soon as it finds something. In the end what is left of a conflict is merged. */
  async #lookAgain<T>(
    workspaceId: WorkspaceId,
    look: (leaves: readonly Leaf[]) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const { attemptTimeoutMs: timeoutMs, looks } = this.#options
    for (let count = 1; ; count++) {
      const leaves = await readLeaves(this.#nodes, workspaceId, { timeoutMs })
      const found = await look(leaves)
      if (found !== undefined) return found
      if (count === looks) {
        await mergeConflict(this.#writer, workspaceId, leaves)
        return undefined
      }
      await delay(Math.random() * Math.min(200, 10 * 2 ** count))
    }
  }
}

/** The settling of one write. */
class Settlement {
  readonly #write: ShortWrite
  readonly #writer: Writer
  /** The leaves that were made here by raising others, and from which. */
  readonly #raised = new Map<Version, Version>()
  #hadRivals = false
  #isTakenBack = false
  /** For how many looks lower leaves are waited for to go. */
  #patience = 2
  /** The error that says what became of the write, once it is known. */
  verdict: Error | undefined

  constructor(write: ShortWrite, writer: Writer) {
    this.#write = write
    this.#writer = writer
  }

  /** The version of the write when it stands, undefined when it must be looked at again. @throws the verdict */
  async look(leaves: readonly Leaf[]): Promise<Version | undefined> {
    const { workspaceId, version } = this.#write
    const live = leaves.filter(({ isDeleted }) => !isDeleted)
    const mine = live.filter((leaf) => this.#isMine(leaf))
    const others = live.filter((leaf) => !mine.includes(leaf))
    // A tombstone beside it is another that was taken back.
    if (leaves.length > mine.length) this.#hadRivals = true
    if (others.length === 0) return this.#standAlone(mine)
    // Somebody has built on it. Where it is the only branch, it has become history, and so it was made.
    if (others.some((leaf) => descendsFrom(leaf, version))) return live.length === 1 ? version : undefined
    if (mine.length > 0) return this.#takeBack(mine, others)
    // If it was somebody else who removed it, its content may have been merged into another.
    throw this.#judge(this.#isTakenBack ? versionConflict(workspaceId) : quorumNotMet(workspaceId))
  }

  /** The leaf is the write itself, or the write as another process has raised it. */
  #isMine(leaf: Leaf): boolean {
    const { workspaceId, version, content } = this.#write
    if (leaf.version === version) return true
    return descendsFrom(leaf, version) && isSameContent(contentOf(workspaceId, leaf), content)
  }

  /** Without others there is nothing to decide; but were there some, they have gone, and the write can have its quorum now. */
  async #standAlone([leaf]: readonly Leaf[]): Promise<Version | undefined> {
    const { workspaceId, content } = this.#write
    if (leaf === undefined || !this.#hadRivals) throw this.#judge(quorumNotMet(workspaceId))
    const written = await this.#try({ workspaceId, content, parent: leaf.version })
    return written?.isShort === false ? written.version : undefined
  }

  async #takeBack(mine: readonly Leaf[], others: readonly Leaf[]): Promise<undefined> {
    const { workspaceId } = this.#write
    // What was raised while its own writer went on is not needed, and goes too.
    const futile = others.filter((leaf) => this.#isFutile(leaf, others))
    const rivals = others.filter((leaf) => !futile.includes(leaf))
    const obsolete = [...mine, ...futile]
    const highest = obsolete
      .map(({ version }) => version)
      .reduce((a, b) => (compareVersions(a, b) > 0 ? a : b))
    const low = rivals.filter(({ version }) => compareVersions(version, highest) < 0)
    // One that is lower and short itself is taken back by its own writer, at once; it would not be if it was raised.
    if (low.length > 0 && this.#patience-- > 0) return undefined
    for (const leaf of low) {
      const raised = await this.#try({
        workspaceId,
        content: contentOf(workspaceId, leaf),
        parent: leaf.version,
      })
      if (raised !== undefined) this.#raised.set(raised.version, leaf.version)
    }
    if (low.length > 0) return undefined
    for (const { version } of obsolete) await remove(this.#writer, workspaceId, version)
    // Looked at once more: somebody may have been faster, and built on it or raised it.
    this.#isTakenBack = true
    return undefined
  }

  #isFutile({ version }: Leaf, others: readonly Leaf[]): boolean {
    const origin = this.#raised.get(version)
    if (origin === undefined) return false
    return others.some((other) => !this.#raised.has(other.version) && descendsFrom(other, origin))
  }

  /** Writes unless somebody was faster. */
  async #try(write: Write): Promise<Written | undefined> {
    try {
      return await writeOne(this.#writer, write)
    } catch (error) {
      if (isPhotosError(error, 'VERSION_CONFLICT')) return undefined
      throw error
    }
  }

  #judge(verdict: Error): Error {
    this.verdict = verdict
    return verdict
  }
}
