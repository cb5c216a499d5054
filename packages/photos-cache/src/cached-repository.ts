import {
  type Awaitable,
  type Change,
  type ChangesOptions,
  isPhotosError,
  type PhotoRepository,
  type PhotosErrorCode,
  type ReadOptions,
  type RepositoryStatus,
  repositoryUnavailable,
  type ScanOptions,
  type Version,
  type WorkspaceContent,
  type WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'
import type { Clock, Random } from './clock.js'
import { FeedFollower } from './feed-follower.js'
import { Flights } from './flights.js'
import type { CacheLog } from './log.js'
import { MemoryTier } from './memory/memory-tier.js'
import { type CacheMetrics, ReadCounters } from './metrics.js'
import { type CacheSettings, feedDelayMs, windowMs } from './options.js'
import { Reader } from './reader.js'
import type { RemoteDriver } from './remote/driver.js'
import type { HeldLease } from './remote/remote-tier.js'
import { type Shared, share } from './sharing.js'
import { Trust } from './trust.js'

/** What a cache is put together from, besides the repository. */
export interface CacheParts {
  readonly settings: CacheSettings
  readonly driver?: RemoteDriver | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: CacheLog
  /** Made from the settings where absent; tests put faulty ones here. */
  readonly memory?: MemoryTier | undefined
  readonly flights?: Flights | undefined
}

/** Errors that say that nothing was written. After any other, nobody knows. */
const NOTHING_WRITTEN: ReadonlySet<PhotosErrorCode> = new Set([
  'VERSION_CONFLICT',
  'RECORD_TOO_LARGE',
  'REPOSITORY_UNAVAILABLE',
  'REPOSITORY_OVERLOADED',
  'CREDENTIALS_REFUSED',
])

/**
 * A `PhotoRepository` around another one, with a tier in process and, where there is a driver, one that is shared. What it promises, and
 * why that holds, is in the package's PROOF.md.
 */
export class CachedRepository implements PhotoRepository {
  readonly #repository: PhotoRepository
  readonly #settings: CacheSettings
  readonly #clock: Clock
  readonly #log: CacheLog
  readonly #memory: MemoryTier
  readonly #flights: Flights
  readonly #trust: Trust
  readonly #feed: FeedFollower
  readonly #shared: Shared | undefined
  readonly #reader: Reader
  readonly #counters = new ReadCounters()
  readonly #writing = new Set<Promise<unknown>>()
  #announcementsHeard = 0
  #changesHeard = 0
  #toldFeedBroken = false
  #isClosed = false

  constructor(repository: PhotoRepository, parts: CacheParts) {
    const { settings, clock, random, log } = parts
    this.#repository = repository
    this.#settings = settings
    this.#clock = clock
    this.#log = log
    this.#memory = parts.memory ?? new MemoryTier(settings.memoryBytes)
    this.#flights = parts.flights ?? new Flights()
    this.#trust = new Trust(windowMs(settings))
    const feedOptions = { delayMs: feedDelayMs(settings), firstRetryMs: 50, longestRetryMs: 1000 }
    this.#feed = new FeedFollower(repository, feedOptions, parts, {
      changed: (change) => this.#heardChange(change),
      live: (resumed) => this.#feedLive(resumed),
      broken: (why) => this.#feedBroken(why),
    })
    this.#shared =
      parts.driver &&
      share(parts.driver, parts, this.#trust, this.#feed, {
        announced: (workspaceId, version) => this.#heardAnnouncement(workspaceId, version),
        suspected: (workspaceId) => this.#heardSuspicion(workspaceId),
      })
    this.#reader = new Reader({
      repository,
      memory: this.#memory,
      flights: this.#flights,
      trust: this.#trust,
      shared: this.#shared,
      settings,
      clock,
      random,
      counters: this.#counters,
    })
    this.#feed.open()
    this.#shared?.tier.open()
    this.#shared?.cursorSaver.open()
  }

  read(workspaceId: WorkspaceId, options?: ReadOptions): Awaitable<WorkspaceRecord> {
    if (options === undefined) return this.#reader.hit(workspaceId) ?? this.#load(workspaceId)
    options.signal?.throwIfAborted()
    if (options.fresh !== true) {
      const hit = this.#reader.hit(workspaceId)
      if (hit !== undefined) return hit
    }
    return unlessAborted(this.#load(workspaceId, options.fresh), options.signal)
  }

  async write(workspaceId: WorkspaceId, content: WorkspaceContent, expected: Version): Promise<Version> {
    this.#requireOpen()
    const writing = this.#write(workspaceId, content, expected)
    this.#writing.add(writing)
    try {
      return await writing
    } finally {
      this.#writing.delete(writing)
    }
  }

  changes(options?: ChangesOptions): AsyncIterable<Change> {
    return this.#repository.changes(options)
  }

  scan(
    options?: ScanOptions,
  ): AsyncIterable<{ readonly workspaceId: WorkspaceId; readonly record: WorkspaceRecord }> {
    return this.#repository.scan(options)
  }

  ready(): Promise<void> {
    return this.#repository.ready()
  }

  status(): Promise<RepositoryStatus> {
    return this.#repository.status()
  }

  /** Closes the tiers, and the repository too. */
  async close(): Promise<void> {
    await this.closeTiers()
    await this.#repository.close()
  }

  /** Finishes the writes under way and closes the tiers; from then on everything rejects. The repository stays open. */
  async closeTiers(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled([this.#feed.close(), ...this.#writing])
    this.#shared?.cursorSaver.close()
    this.#shared?.unsettled.close()
    this.#shared?.coverage.close()
    this.#shared?.tier.close()
    this.#memory.close()
  }

  metrics(): CacheMetrics {
    const counters = this.#counters
    return {
      memory: {
        hits: counters.memoryHits,
        misses: counters.memoryMisses,
        evictions: this.#memory.evictions,
        entries: this.#memory.length,
        bytes: this.#memory.bytes,
        maxBytes: this.#settings.memoryBytes,
      },
      redis: this.#shared && {
        ...this.#shared.tier.metrics(),
        hits: counters.redisHits,
        misses: counters.redisMisses,
        bypassed: counters.redisBypassed,
        isTrusted: this.#shared.coverage.trusts(this.#clock.now()),
        unsettled: this.#shared.unsettled.size,
        relayed: this.#shared.unsettled.relayed,
        busIsLive: this.#trust.busIsLive,
        announcementsHeard: this.#announcementsHeard,
      },
      store: {
        reads: counters.storeReads,
        errors: counters.storeErrors,
        behind: counters.storeBehind,
        latency: counters.storeLatency.snapshot(),
        joined: counters.joined,
        staleAnswers: counters.staleAnswers,
        feedIsLive: this.#trust.feedIsLive,
        changesHeard: this.#changesHeard,
      },
    }
  }

  async #load(workspaceId: WorkspaceId, fresh = false): Promise<WorkspaceRecord> {
    this.#requireOpen()
    return fresh ? this.#reader.fresh(workspaceId) : this.#reader.load(workspaceId)
  }

  /**
   * The order is what makes a write visible: the store first, then this process, then, before the write is acknowledged, the shared
   * tier and with it everyone else.
   */
  async #write(workspaceId: WorkspaceId, content: WorkspaceContent, expected: Version): Promise<Version> {
    const slot = this.#memory.pin(workspaceId)
    try {
      const lease = await this.#shared?.tier.lease(workspaceId)
      const asOfMs = this.#clock.now()
      let version: Version
      try {
        version = await this.#repository.write(workspaceId, content, expected)
      } catch (error) {
        if (!isPhotosError(error) || !NOTHING_WRITTEN.has(error.code))
          await this.#suspect(workspaceId, expected)
        throw error
      }
      const record = { version, photos: content.photos, receipts: content.receipts }
      this.#reader.keep(slot, record, asOfMs)
      await this.#announce(workspaceId, lease, record)
      return version
    } finally {
      this.#memory.unpin(slot)
    }
  }

  async #announce(
    workspaceId: WorkspaceId,
    lease: HeldLease | undefined,
    record: WorkspaceRecord,
  ): Promise<void> {
    if (this.#shared === undefined) return
    const { tier, unsettled } = this.#shared
    const isConfirmed =
      lease === undefined
        ? await tier.raise(workspaceId, record.version, true)
        : await tier.put(workspaceId, lease, record, true)
    if (isConfirmed) unsettled.settle(workspaceId, record.version)
    else unsettled.add(workspaceId, record.version)
  }

  /** A write on top of `expected` may have been made, or will be: nothing that is cached is sure any more, anywhere. */
  async #suspect(workspaceId: WorkspaceId, expected: Version): Promise<void> {
    this.#heardSuspicion(workspaceId)
    if (this.#shared === undefined) return
    const { tier, unsettled } = this.#shared
    if (!(await tier.suspect(workspaceId))) unsettled.addSuspect(workspaceId, expected)
  }

  /** The workspace has this version, or a later one. */
  #learn(workspaceId: WorkspaceId, version: Version): void {
    if (this.#memory.raise(workspaceId, version)) this.#flights.endEpoch(workspaceId)
  }

  #heardAnnouncement(workspaceId: WorkspaceId, version: Version): void {
    this.#announcementsHeard++
    this.#learn(workspaceId, version)
    this.#shared?.unsettled.announced(workspaceId, version)
  }

  #heardSuspicion(workspaceId: WorkspaceId): void {
    this.#memory.suspect(workspaceId, this.#clock.now())
    this.#flights.endEpoch(workspaceId)
  }

  #heardChange({ workspaceId, version }: Change): void {
    this.#changesHeard++
    this.#learn(workspaceId, version)
    if (this.#shared === undefined) return
    this.#shared.cursorSaver.noteSettled()
    this.#shared.unsettled.add(workspaceId, version)
  }

  #feedLive(resumed: boolean): void {
    if (this.#toldFeedBroken) this.#log.info({}, 'cache: the feed of changes is live again')
    this.#toldFeedBroken = false
    this.#trust.feedLive(this.#clock.now(), resumed)
    this.#shared?.coverage.feedLive(resumed)
  }

  #feedBroken(error: unknown): void {
    this.#trust.feedBroke()
    if (this.#toldFeedBroken) return
    this.#toldFeedBroken = true
    this.#log.warn({ err: error }, 'cache: the feed of changes is broken')
  }

  #requireOpen(): void {
    if (this.#isClosed) throw repositoryUnavailable('the cache is closed')
  }
}

/** What `work` settles to, or the signal's reason as soon as it aborts. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
  }
}
