import type { Clock } from './clock.js'
import type { Coverage } from './coverage.js'
import type { FeedFollower } from './feed-follower.js'
import type { RemoteTier } from './remote/remote-tier.js'
import type { Unsettled } from './unsettled.js'

export interface CursorSaverParts {
  readonly tier: RemoteTier
  readonly coverage: Coverage
  readonly unsettled: Unsettled
  readonly feed: FeedFollower
  readonly clock: Clock
}

const SAVE_EVERY_MS = 1000

/**
 * Saves in the shared tier up to where in the feed it knows of every change. Whoever begins to use the tier later goes through the
 * changes from there on: also those that were made while no replica was running.
 */
export class CursorSaver {
  readonly #parts: CursorSaverParts
  #settled: string | undefined
  #cancelTimer: (() => void) | undefined

  constructor(parts: CursorSaverParts) {
    this.#parts = parts
  }

  open(): void {
    this.#cancelTimer = this.#parts.clock.after(SAVE_EVERY_MS, () => {
      this.open()
      this.#save()
    })
  }

  close(): void {
    this.#cancelTimer?.()
  }

  /** To be called before a change is added to the unsettled ones: if there are none, all before it are settled. */
  noteSettled(): void {
    const { unsettled, feed } = this.#parts
    if (unsettled.size === 0) this.#settled = feed.cursor
  }

  #save(): void {
    const { coverage, tier } = this.#parts
    this.noteSettled()
    // Also when it is the one that was saved last: the tier may have lost it.
    if (this.#settled !== undefined && coverage.isCovered) {
      void tier.saveCursor({ cursor: this.#settled, floorServerMs: coverage.floorServerMs })
    }
  }
}
