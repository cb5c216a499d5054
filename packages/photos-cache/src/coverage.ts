import { isAway } from './away.js'
import type { Clock } from './clock.js'
import type { FeedFollower } from './feed-follower.js'
import type { RemoteEntry } from './remote/driver.js'
import type { RemoteTier } from './remote/remote-tier.js'
import type { Trust } from './trust.js'

export interface CoverageOptions {
  /** How long the feed may take to tell of a write. */
  readonly feedDelayMs: number
  /** The wait before another attempt to cover the tier. */
  readonly retryAfterMs: number
}

/**
 * Says whether the shared tier's entries may be taken for current. Whoever writes tells the tier before the write is acknowledged; what a
 * writer could not tell it, and what anything else wrote, is known from the feed, and `Unsettled` holds back the workspaces that
 * the tier has not been told of. So entries are current as far as the feed **covers** the time since they were stored:
 *
 * - from the moment at which this process listens to the feed on, by itself;
 * - for the time before, by the feed's cursor that some replica saved in the tier once the tier knew everything up to there:
 *   all changes since are gone through. It comes with the floor of whoever saved it, which then is ours too;
 * - where there is none, or the changes are too many, only entries that were stored from now on are taken.
 *
 * Entries of another run of the server are never taken: after a failover they may be older than what was confirmed.
 */
export class Coverage {
  readonly #tier: RemoteTier
  readonly #trust: Trust
  readonly #feed: FeedFollower
  readonly #clock: Clock
  readonly #options: CoverageOptions
  #server = ''
  #isCovered = false
  #floorServerMs = 0
  /** The changes since the saved cursor cannot be gone through, or do not help. */
  #needsFloor = false
  #settledFromMs = Number.NEGATIVE_INFINITY
  #isCovering = false
  /** Counts what makes an attempt that is under way worthless. */
  #changes = 0
  #isClosed = false

  constructor(tier: RemoteTier, trust: Trust, feed: FeedFollower, clock: Clock, options: CoverageOptions) {
    this.#tier = tier
    this.#trust = trust
    this.#feed = feed
    this.#clock = clock
    this.#options = options
  }

  get isCovered(): boolean {
    return this.#isCovered
  }

  /** Entries that are not of a later time are not taken, on the server's clock. */
  get floorServerMs(): number {
    return this.#floorServerMs
  }

  /** Whether entries of the tier are current now, or were so lately that it makes no difference. */
  trusts(nowMs: number): boolean {
    return (
      this.#isCovered &&
      this.#tier.isAvailable &&
      nowMs >= this.#settledFromMs &&
      this.#trust.feedIsRecent(nowMs)
    )
  }

  /** Whether the entry was stored in the time that is covered, on the server that is used now. */
  takes({ server, asOfServerMs }: RemoteEntry): boolean {
    return this.#isCovered && server === this.#server && asOfServerMs > this.#floorServerMs
  }

  /** The tier is in use, with this run of the server. */
  available(server: string): void {
    if (server !== this.#server) {
      this.#server = server
      this.#floorServerMs = 0
      this.#uncover()
    }
    void this.#cover()
  }

  /** The feed is live. `resumed`: and no change was missed. */
  feedLive(resumed: boolean): void {
    if (!resumed) this.#uncover()
    void this.#cover()
  }

  /** It is not known any more which workspaces the tier was not told of. */
  overflowed(): void {
    this.#needsFloor = true
    this.#uncover()
    void this.#cover()
  }

  /**
   * A version was read from the store, and the tier may have an older one: someone who could not tell the tier wrote it. It is
   * used again when the feed has had the time to tell of that write.
   */
  unconfirmed(nowMs: number): void {
    this.#settledFromMs = nowMs + this.#options.feedDelayMs
  }

  /** Whether a feed that was heard up to then has told of every version that was read and may not be in the tier. */
  isSettledBy(feedAsOfMs: number): boolean {
    return feedAsOfMs >= this.#settledFromMs
  }

  close(): void {
    this.#isClosed = true
    this.#uncover()
  }

  #uncover(): void {
    this.#isCovered = false
    this.#changes++
  }

  async #cover(): Promise<void> {
    if (this.#isCovering) return
    this.#isCovering = true
    let succeeded = true
    while (succeeded && this.#canCover()) {
      const changes = this.#changes
      succeeded = await this.#coverOnce(changes)
    }
    this.#isCovering = false
    // Otherwise the tier or the feed will tell when it is back.
    if (!succeeded && this.#canCover())
      this.#clock.after(this.#options.retryAfterMs, () => void this.#cover())
  }

  #canCover(): boolean {
    return !this.#isClosed && !this.#isCovered && this.#tier.isAvailable && this.#trust.feedIsLive
  }

  /** False if it failed. It may have come to nothing too: because `#changes` went on. */
  async #coverOnce(changes: number): Promise<boolean> {
    const attachment = await this.#tier.attach()
    if (attachment === undefined) return false
    if (attachment.server !== this.#server) return false
    if (changes !== this.#changes) return true
    const { saved, nowServerMs } = attachment
    if (saved === undefined || this.#needsFloor) {
      this.#floorServerMs = nowServerMs
      this.#needsFloor = false
    } else {
      try {
        // Whoever saved it had lost track of changes before its floor: so have we, then.
        this.#floorServerMs = Math.max(this.#floorServerMs, saved.floorServerMs)
        await this.#feed.catchUp(saved.cursor, () => changes === this.#changes)
      } catch (error) {
        // A cursor that the store does not know is of no use.
        if (!isAway(error)) this.#needsFloor = true
        return false
      }
    }
    if (changes === this.#changes) this.#isCovered = true
    return true
  }
}
