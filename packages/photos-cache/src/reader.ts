import {
  compareVersions,
  type PhotoRepository,
  repositoryUnavailable,
  type WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'
import { isAway } from './away.js'
import { FRESH, HIT_IN_REDIS, MISS, REVALIDATED, STALE_IN_MEMORY, STALE_IN_REDIS } from './cache-status.js'
import { type Clock, jittered, type Random } from './clock.js'
import { type Flights, FreshReads } from './flights.js'
import type { MemoryTier } from './memory/memory-tier.js'
import type { Slot } from './memory/slot.js'
import type { ReadCounters } from './metrics.js'
import type { CacheSettings } from './options.js'
import type { HeldLease } from './remote/remote-tier.js'
import type { Shared } from './sharing.js'
import type { Trust } from './trust.js'

export interface ReaderParts {
  readonly repository: PhotoRepository
  readonly memory: MemoryTier
  readonly flights: Flights
  readonly trust: Trust
  readonly shared: Shared | undefined
  readonly settings: CacheSettings
  readonly clock: Clock
  readonly random: Random
  readonly counters: ReadCounters
}

/** How often the store is asked again when it answers something older than it has confirmed. */
const ATTEMPTS_BEHIND = 3
const WAIT_BEHIND_MS = 20
/** How long a store that could not be asked is left alone, jittered, by those who can be served without it. */
const STORE_REST_MS = 400

/**
 * How reads find their record: in process, in the shared tier, in the store; and when the store is away, in a tier again, marked
 * stale.
 */
export class Reader {
  readonly #parts: ReaderParts
  readonly #clock: Clock
  readonly #freshReads = new FreshReads()
  #storeRestsUntilMs = Number.NEGATIVE_INFINITY

  constructor(parts: ReaderParts) {
    this.#parts = parts
    this.#clock = parts.clock
  }

  /** The record in process, if it may be taken for current. Nothing is allocated or copied. */
  hit(workspaceId: WorkspaceId): WorkspaceRecord | undefined {
    const { memory, trust, counters } = this.#parts
    const slot = memory.get(workspaceId)
    if (slot?.record !== undefined) {
      const nowMs = this.#clock.now()
      if (nowMs < slot.expiresAtMs && trust.vouches(slot.asOfMs, nowMs)) {
        counters.memoryHits++
        return slot.record
      }
    }
    counters.memoryMisses++
    return undefined
  }

  /** The record from beyond the process: one flight for all who want it. */
  load(workspaceId: WorkspaceId): Promise<WorkspaceRecord> {
    const { flights, trust, counters } = this.#parts
    const nowMs = this.#clock.now()
    const flight = flights.get(workspaceId)
    // What a flight brings may be as old as its beginning.
    if (flight !== undefined && trust.vouches(flight.asOfMs, nowMs)) {
      counters.joined++
      return flight.record
    }
    const record = this.#fly(workspaceId)
    flights.add(workspaceId, { asOfMs: nowMs, record })
    return record
  }

  /** The record from the store itself, read after now. */
  fresh(workspaceId: WorkspaceId): Promise<WorkspaceRecord> {
    return this.#freshReads.read(workspaceId, () => this.#fromStore(workspaceId, FRESH))
  }

  /** Keeps a record that was current at `asOfMs`. Nobody who comes later joins a flight that may bring an older one. */
  keep(slot: Slot, record: WorkspaceRecord, asOfMs: number): void {
    const { memory, flights, settings, random } = this.#parts
    if (compareVersions(record.version, slot.version) > 0) flights.endEpoch(slot.workspaceId)
    memory.put(slot, record, asOfMs, this.#clock.now() + jittered(settings.memoryLifeMs, random))
  }

  async #fly(workspaceId: WorkspaceId): Promise<WorkspaceRecord> {
    const { memory } = this.#parts
    const slot = memory.pin(workspaceId)
    const status = slot.record === undefined ? MISS : REVALIDATED
    try {
      if (this.#clock.now() < this.#storeRestsUntilMs) {
        const stale = await this.#stale(slot)
        if (stale !== undefined) return stale
      }
      return (await this.#fromShared(slot)) ?? (await this.#fromStoreOrStale(slot, status))
    } finally {
      memory.unpin(slot)
    }
  }

  async #fromShared(slot: Slot): Promise<WorkspaceRecord | undefined> {
    const { shared, trust, counters } = this.#parts
    if (shared === undefined) return undefined
    const { tier, coverage, unsettled } = shared
    const nowMs = this.#clock.now()
    if (!coverage.trusts(nowMs) || unsettled.has(slot.workspaceId)) {
      counters.redisBypassed++
      return undefined
    }
    const asOfMs = trust.feedAsOfMs
    const entry = await tier.get(slot.workspaceId)
    if (
      entry === undefined ||
      // Much may have come in between.
      !coverage.trusts(this.#clock.now()) ||
      !coverage.takes(entry) ||
      unsettled.has(slot.workspaceId) ||
      compareVersions(entry.version, slot.version) < 0
    ) {
      counters.redisMisses++
      return undefined
    }
    counters.redisHits++
    this.keep(slot, entry, asOfMs)
    const { version, photos, receipts } = entry
    return { version, photos, receipts, cacheStatus: HIT_IN_REDIS }
  }

  /** The store's answer. Where there is something to serve instead, it need not come, and not take long. */
  async #fromStoreOrStale(slot: Slot, status: string): Promise<WorkspaceRecord> {
    const reading = this.#fromStore(slot.workspaceId, status)
    try {
      if (slot.record === undefined) return await reading
      return (await this.#withPatience(reading)) ?? (await this.#stale(slot)) ?? (await reading)
    } catch (error) {
      if (!isAway(error)) throw error
      this.#letStoreRest()
      const stale = await this.#stale(slot)
      if (stale === undefined) throw error
      return stale
    }
  }

  /** The answer, or undefined if it takes too long. */
  async #withPatience(reading: Promise<WorkspaceRecord>): Promise<WorkspaceRecord | undefined> {
    let cancel: (() => void) | undefined
    const tooLong = new Promise<undefined>((resolve) => {
      cancel = this.#clock.after(this.#parts.settings.storePatienceMs, () => {
        this.#letStoreRest()
        // It goes on, for those who come later.
        reading.catch(() => {})
        resolve(undefined)
      })
    })
    try {
      return await Promise.race([reading, tooLong])
    } finally {
      cancel?.()
    }
  }

  async #fromStore(workspaceId: WorkspaceId, status: string): Promise<WorkspaceRecord> {
    const { memory, shared } = this.#parts
    const slot = memory.pin(workspaceId)
    try {
      // Taken before the store is read: then nothing that the tier learns meanwhile is missed.
      const lease = await shared?.tier.lease(workspaceId)
      const { asOfMs, record } = await this.#readStore(slot, status === FRESH)
      this.keep(slot, record, asOfMs)
      if (shared !== undefined) void this.#tell(shared, workspaceId, lease, record)
      const { version, photos, receipts } = record
      return { version, photos, receipts, cacheStatus: status }
    } finally {
      memory.unpin(slot)
    }
  }

  /** Stores what was read in the shared tier. Not to be waited for: a later read of the tier comes after it on the same connection. */
  async #tell(
    { tier, coverage, unsettled }: Shared,
    workspaceId: WorkspaceId,
    lease: HeldLease | undefined,
    record: WorkspaceRecord,
  ): Promise<void> {
    const isConfirmed =
      lease === undefined
        ? await tier.raise(workspaceId, record.version, false)
        : await tier.put(workspaceId, lease, record, false)
    if (isConfirmed) unsettled.settle(workspaceId, record.version)
    else coverage.unconfirmed(this.#clock.now())
  }

  /** @throws PhotosError as the repository's read, and `REPOSITORY_UNAVAILABLE` if it goes on answering what is out of date */
  async #readStore(slot: Slot, fresh: boolean): Promise<{ asOfMs: number; record: WorkspaceRecord }> {
    const { repository, counters } = this.#parts
    for (let attempt = 1; ; attempt++) {
      const known = slot.version
      const asOfMs = this.#clock.now()
      counters.storeReads++
      let record: WorkspaceRecord
      try {
        record = await repository.read(slot.workspaceId, fresh ? { fresh } : undefined)
      } catch (error) {
        counters.storeErrors++
        throw error
      }
      counters.storeLatency.add(this.#clock.now() - asOfMs)
      this.#storeRestsUntilMs = Number.NEGATIVE_INFINITY
      if (compareVersions(record.version, known) >= 0) return { asOfMs, record }
      counters.storeBehind++
      if (attempt === ATTEMPTS_BEHIND) {
        throw repositoryUnavailable(
          `the store answers workspace ${slot.workspaceId} at version ${record.version}, and ${known} was confirmed`,
        )
      }
      await new Promise<void>((resolve) => {
        this.#clock.after(WAIT_BEHIND_MS * attempt, resolve)
      })
    }
  }

  #letStoreRest(): void {
    this.#storeRestsUntilMs = this.#clock.now() + jittered(STORE_REST_MS, this.#parts.random)
  }

  /** What a tier has, if it was current not too long ago, marked stale. Never anything below a version that is known. */
  async #stale(slot: Slot): Promise<WorkspaceRecord | undefined> {
    const { trust, shared, settings, counters } = this.#parts
    const nowMs = this.#clock.now()
    const { record } = slot
    if (record !== undefined && nowMs - trust.lastVouchedMs(slot.asOfMs) <= settings.staleIfErrorMs) {
      counters.staleAnswers++
      const { version, photos, receipts } = record
      return { version, photos, receipts, cacheStatus: STALE_IN_MEMORY, stale: true }
    }
    const asOfMs = trust.feedAsOfMs
    if (shared === undefined || nowMs - asOfMs > settings.staleIfErrorMs) return undefined
    const { tier, coverage, unsettled } = shared
    const entry = await tier.get(slot.workspaceId)
    if (
      entry === undefined ||
      !coverage.takes(entry) ||
      // Once the feed is gone, it does not tell any more what the tier lacks of that which was answered last.
      !coverage.isSettledBy(asOfMs) ||
      unsettled.has(slot.workspaceId) ||
      compareVersions(entry.version, slot.version) < 0
    ) {
      return undefined
    }
    this.keep(slot, entry, asOfMs)
    counters.staleAnswers++
    const { version, photos, receipts } = entry
    return { version, photos, receipts, cacheStatus: STALE_IN_REDIS, stale: true }
  }
}
