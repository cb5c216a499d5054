import { type Change, type PhotoRepository, repositoryUnavailable } from 'photos-domain'
import { isAway } from './away.js'
import type { Clock, Random } from './clock.js'

/** Made once: a signal that is given no reason makes an exception with a stack each time. */
const STOPPED = new Error('the feed is not followed any more')

export interface FeedListener {
  /** A workspace has a new version. */
  changed(change: Change): void
  /** Every change from now on will be told; `resumed`: and all that came since it was last live. */
  live(resumed: boolean): void
  /** Changes are not told from now on. `why` is what the feed failed with. */
  broken(why: unknown): void
}

export interface FeedOptions {
  /** How long the feed may take to be there once it was asked for, and to tell of a write. */
  readonly delayMs: number
  /** The longest wait before it is tried again; it doubles up to the longest. */
  readonly firstRetryMs: number
  readonly longestRetryMs: number
}

/**
 * Consumes the repository's live feed, for as long as it is open. After a break it resumes where it was, and says that it is live once it
 * has told all that it missed.
 */
export class FeedFollower {
  readonly #repository: PhotoRepository
  readonly #options: FeedOptions
  readonly #clock: Clock
  readonly #random: Random
  readonly #listener: FeedListener
  readonly #abort = new AbortController()
  #cursor: string | undefined
  #ended: Promise<void> = Promise.resolve()
  #failures = 0

  constructor(
    repository: PhotoRepository,
    options: FeedOptions,
    { clock, random }: { readonly clock: Clock; readonly random: Random },
    listener: FeedListener,
  ) {
    this.#repository = repository
    this.#options = options
    this.#clock = clock
    this.#random = random
    this.#listener = listener
  }

  /** Where the feed is; undefined while no change was told. */
  get cursor(): string | undefined {
    return this.#cursor
  }

  open(): void {
    this.#ended = this.#follow()
  }

  /** Resolves once nothing is asked of the repository any more. */
  async close(): Promise<void> {
    this.#abort.abort(STOPPED)
    await this.#ended
  }

  /**
   * Tells every change since `cursor`, up to now, for as long as `goesOn` says so.
   * @throws what the repository's feed fails with
   */
  async catchUp(cursor: string, goesOn: () => boolean): Promise<void> {
    const { signal } = this.#abort
    for await (const change of this.#repository.changes({ since: cursor, signal })) {
      this.#listener.changed(change)
      if (!goesOn()) return
    }
  }

  async #follow(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        await this.#followOnce()
      } catch (error) {
        if (this.#abort.signal.aborted) return
        // A cursor that the repository no longer takes would never be taken: begin anew.
        if (!isAway(error)) this.#cursor = undefined
        this.#listener.broken(error)
        await this.#backOff()
      }
    }
  }

  /** Ends only by throwing, or by the signal. */
  async #followOnce(): Promise<void> {
    const resumesAt = this.#cursor
    if (resumesAt !== undefined) await this.#consume({ since: resumesAt })
    if (this.#abort.signal.aborted) return
    await this.#consume({ since: this.#cursor ?? 'now', live: true }, () => {
      this.#failures = 0
      this.#listener.live(resumesAt !== undefined)
    })
    throw repositoryUnavailable('the feed of changes has ended')
  }

  async #consume(
    options: { readonly since: string; readonly live?: boolean },
    onOpen?: () => void,
  ): Promise<void> {
    const abort = new AbortController()
    const stop = () => abort.abort(STOPPED)
    this.#abort.signal.addEventListener('abort', stop)
    try {
      const feed = this.#repository.changes({ ...options, signal: abort.signal })[Symbol.asyncIterator]()
      let next = feed.next()
      if (onOpen !== undefined) {
        await this.#untilOpen(next)
        onOpen()
      }
      for (let row = await next; row.done !== true; row = await next) {
        this.#listener.changed(row.value)
        this.#cursor = row.value.cursor
        next = feed.next()
      }
    } finally {
      this.#abort.signal.removeEventListener('abort', stop)
      abort.abort(STOPPED)
    }
  }

  /**
   * A feed that was asked for says nothing until there is a change. It is taken to be there when it had the time to be so, has not failed,
   * and the store answers. Whatever is written before that, a feed that resumes at a cursor tells all the same.
   */
  async #untilOpen(next: Promise<unknown>): Promise<void> {
    let failure: { readonly error: unknown } | undefined
    next.catch((error: unknown) => {
      failure = { error }
    })
    await this.#wait(this.#options.delayMs)
    if (failure === undefined) await this.#repository.ready()
    if (failure !== undefined) throw failure.error
  }

  async #backOff(): Promise<void> {
    const { firstRetryMs, longestRetryMs } = this.#options
    const longestMs = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#failures)
    this.#failures++
    await this.#wait(longestMs * (0.5 + 0.5 * this.#random()))
  }

  /** Waits, or until it is closed. */
  async #wait(ms: number): Promise<void> {
    const { signal } = this.#abort
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ms, () => {
        signal.removeEventListener('abort', stop)
        resolve()
      })
      const stop = () => {
        cancel()
        resolve()
      }
      signal.addEventListener('abort', stop, { once: true })
    })
  }
}
