import { compareVersions, type Version, type WorkspaceId } from 'photos-domain'
import type { Clock, Random } from './clock.js'
import { Latest } from './latest.js'
import type { RemoteTier } from './remote/remote-tier.js'

interface Debt {
  readonly version: Version
  /** There may be a version above this one, which nobody knows. */
  readonly isSuspect: boolean
  /** When it was noted, on the process's clock. */
  readonly sinceMs: number
}

export interface UnsettledOptions {
  /** How many workspaces are kept track of. */
  readonly maxLength: number
  /** How long to wait, at the most, for others to tell the tier what we know too. */
  readonly relayWithinMs: number
  /** How long to wait after the tier failed. */
  readonly retryAfterMs: number
}

/** How many are told to the tier at once. */
const BATCH = 256
/** How many of the latest announcements are remembered at the least. */
const LEAST_ANNOUNCED = 8192

/**
 * Versions that this process knows of, while it is not certain that the shared tier does: changes that the feed told, writes of ours
 * that could not be told to the tier, and workspaces that may have a version nobody knows. Until a workspace is settled,
 * this process does not read it from the shared tier. They are relayed to the tier, and over its bus to all others, unless
 * someone else was quicker: whoever wrote usually was.
 */
export class Unsettled {
  readonly #debts = new Map<WorkspaceId, Debt>()
  /** What the bus announced lately: it is usually quicker than the feed, and the tier knew when it did. */
  readonly #announced = new Latest<Version>()
  readonly #options: UnsettledOptions
  readonly #clock: Clock
  readonly #random: Random
  readonly #tier: RemoteTier
  readonly #onOverflow: () => void
  #cancelTimer: (() => void) | undefined
  #isRelaying = false
  #isClosed = false
  relayed = 0

  constructor(
    tier: RemoteTier,
    options: UnsettledOptions,
    { clock, random }: { readonly clock: Clock; readonly random: Random },
    /** More than can be kept track of: all were forgotten. */
    onOverflow: () => void,
  ) {
    this.#tier = tier
    this.#options = options
    this.#clock = clock
    this.#random = random
    this.#onOverflow = onOverflow
  }

  get size(): number {
    return this.#debts.size
  }

  has(workspaceId: WorkspaceId): boolean {
    return this.#debts.has(workspaceId)
  }

  /** The tier may not know of this version, unless it was announced. */
  add(workspaceId: WorkspaceId, version: Version): void {
    const announced = this.#announced.get(workspaceId)
    if (announced !== undefined && compareVersions(version, announced) <= 0) return
    const debt = this.#debts.get(workspaceId)
    if (debt !== undefined && compareVersions(version, debt.version) <= 0) return
    this.#owe(workspaceId, version, debt?.isSuspect === true)
  }

  /** The workspace may have a version above this one, and nobody knows. */
  addSuspect(workspaceId: WorkspaceId, version: Version): void {
    this.#owe(workspaceId, version, true)
  }

  /** The tier is known to have nothing below this version. */
  settle(workspaceId: WorkspaceId, version: Version): void {
    const debt = this.#debts.get(workspaceId)
    if (debt === undefined) return
    const order = compareVersions(version, debt.version)
    if (order > 0 || (order === 0 && !debt.isSuspect)) this.#debts.delete(workspaceId)
  }

  /** The bus announced the version: the tier has nothing below it. */
  announced(workspaceId: WorkspaceId, version: Version): void {
    this.settle(workspaceId, version)
    this.#announced.set(workspaceId, version, LEAST_ANNOUNCED)
  }

  /** Another server takes the tier's place: what was announced on the old one says nothing of it. */
  forgetAnnounced(): void {
    this.#announced.clear()
  }

  /** Tells the tier soon what it may not know; also to be called when it is available again. */
  relaySoon(): void {
    // Not all replicas at the same time: the first one saves the others the work.
    this.#setTimer(this.#options.relayWithinMs * (0.5 + 0.5 * this.#random()))
  }

  close(): void {
    this.#isClosed = true
    this.#cancelTimer?.()
  }

  #owe(workspaceId: WorkspaceId, version: Version, isSuspect: boolean): void {
    this.#debts.set(workspaceId, { version, isSuspect, sinceMs: this.#clock.now() })
    if (this.#debts.size > this.#options.maxLength) {
      this.#debts.clear()
      this.#onOverflow()
      return
    }
    this.relaySoon()
  }

  #setTimer(delayMs: number): void {
    if (this.#cancelTimer !== undefined || this.#isRelaying || this.#isClosed) return
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = undefined
      void this.#relay()
    })
  }

  async #relay(): Promise<void> {
    // Without the tier there is nothing to do: `relaySoon` is called when it is back.
    if (!this.#tier.isAvailable) return
    this.#isRelaying = true
    let allWell = true
    // Those that were noted just now are given the time that it takes others to announce them.
    const notedByMs = this.#clock.now() - this.#options.relayWithinMs / 2
    const debts = [...this.#debts].filter(([, { sinceMs }]) => sinceMs <= notedByMs)
    for (let at = 0; at < debts.length && allWell; at += BATCH) {
      const settled = await Promise.all(
        debts.slice(at, at + BATCH).map(([id, debt]) => this.#relayOne(id, debt)),
      )
      allWell = settled.every(Boolean)
    }
    this.#isRelaying = false
    if (this.#debts.size === 0) return
    if (allWell) this.relaySoon()
    else this.#setTimer(this.#options.retryAfterMs)
  }

  async #relayOne(workspaceId: WorkspaceId, debt: Debt): Promise<boolean> {
    // Settled by someone else in the meantime, or a newer one: that is another round's.
    if (this.#debts.get(workspaceId) !== debt) return true
    if (debt.isSuspect && !(await this.#tier.suspect(workspaceId))) return false
    if (!(await this.#tier.raise(workspaceId, debt.version, true))) return false
    this.relayed++
    if (this.#debts.get(workspaceId) === debt) this.#debts.delete(workspaceId)
    return true
  }
}
