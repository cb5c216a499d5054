import { compareVersions, type Version, type WorkspaceId, type WorkspaceRecord } from 'photos-domain'
import { HIT_IN_MEMORY } from '../cache-status.js'
import { HotTexts } from './hot-texts.js'
import { S3Fifo } from './s3-fifo.js'
import { Slot } from './slot.js'

/**
 * What a slot costs beside its bytes and texts: itself, its record and buffers, its places in the maps. 520 bytes of it were measured, with
 * 100,000 slots on Node 20; the rest allows for what the allocator adds to each buffer.
 */
const SLOT_OVERHEAD_BYTES = 700

/** So much of the tier, and no more than this, is for texts beside the bytes. */
const TEXTS_PART = 1 / 16
const MAX_TEXTS_BYTES = 16 * 2 ** 20

/** One entry may take this part of the tier; larger ones are left to the next tier. */
const LARGEST_PART = 1 / 16

/**
 * The tier in the process's own memory: records by workspace, bounded by bytes.
 *
 * **Set if newer.** A slot that has seen a version takes nothing below it. Being told of a newer version leaves a marker with that
 * version, not nothing. A slot stays for as long as a read or a write of its workspace is under way ({@link pin}), however full
 * the tier is; so whoever brings a record finds the marker of whatever came in meanwhile, and an older record is refused.
 */
export class MemoryTier {
  readonly #slots = new Map<WorkspaceId, Slot>()
  readonly #policy: S3Fifo
  readonly #texts: HotTexts
  readonly #largestBytes: number
  #isClosed = false
  evictions = 0

  constructor(maxBytes: number, largestBytes: number = maxBytes * LARGEST_PART) {
    const textsBytes = Math.min(maxBytes * TEXTS_PART, MAX_TEXTS_BYTES)
    this.#policy = new S3Fifo(maxBytes - textsBytes)
    this.#texts = new HotTexts(textsBytes)
    this.#largestBytes = largestBytes
  }

  get bytes(): number {
    return this.#policy.bytes + this.#texts.bytes
  }

  /** How many slots are kept, markers included. */
  get length(): number {
    return this.#slots.size
  }

  /** The slot of a workspace, counted as a hit if it has a record. */
  get(workspaceId: WorkspaceId): Slot | undefined {
    const slot = this.#slots.get(workspaceId)
    if (slot?.record !== undefined && this.#policy.visit(slot) && slot.record.photosText === undefined) {
      this.#texts.add(slot.record)
    }
    return slot
  }

  /** The slot of the workspace, which now stays until {@link unpin}. */
  pin(workspaceId: WorkspaceId): Slot {
    let slot = this.#slots.get(workspaceId)
    if (slot === undefined) {
      slot = new Slot(workspaceId)
      this.#slots.set(workspaceId, slot)
    }
    slot.pins++
    return slot
  }

  unpin(slot: Slot): void {
    slot.pins--
    if (slot.pins === 0 && slot.queue === undefined) this.#slots.delete(slot.workspaceId)
  }

  /**
   * Keeps a record in a pinned slot, unless the slot has seen a newer version; of one from before a suspicion, its version. `asOfMs`: a time at which the record was current.
   * The bytes are copied if they are a small part of a larger buffer, which they would keep alive.
   */
  put(slot: Slot, record: WorkspaceRecord, asOfMs: number, expiresAtMs: number): void {
    const order = compareVersions(record.version, slot.version)
    if (order < 0 || this.#isClosed) return
    if (asOfMs <= slot.suspectSinceMs) {
      // There may be a newer one, which nobody knows; but this one there is, and what is kept may be older.
      if (order > 0) this.#learn(slot, record.version)
      return
    }
    slot.version = record.version
    if (order > 0 || slot.record === undefined) {
      this.#letRecordGo(slot)
      slot.record = {
        version: record.version,
        photos: ownBytes(record.photos),
        photosText: undefined,
        receipts: record.receipts && ownBytes(record.receipts),
        cacheStatus: HIT_IN_MEMORY,
      }
      slot.asOfMs = asOfMs
    } else {
      slot.asOfMs = Math.max(slot.asOfMs, asOfMs)
    }
    slot.expiresAtMs = expiresAtMs
    this.#keep(slot)
  }

  /**
   * The workspace has this version: an older record is forgotten, and only the version is kept. Whether that was news; a
   * workspace without a slot has nobody to tell.
   */
  raise(workspaceId: WorkspaceId, version: Version): boolean {
    const slot = this.#slots.get(workspaceId)
    if (slot === undefined || compareVersions(version, slot.version) <= 0) return false
    this.#learn(slot, version)
    return true
  }

  /** The workspace may have a newer version since `nowMs` that nobody knows: the record is forgotten, and none from before is taken. */
  suspect(workspaceId: WorkspaceId, nowMs: number): void {
    const slot = this.#slots.get(workspaceId)
    if (slot === undefined) return
    slot.suspectSinceMs = nowMs
    this.#forgetRecord(slot)
  }

  /** Forgets everything, for good. */
  close(): void {
    this.#isClosed = true
    for (const slot of this.#slots.values()) {
      this.#drop(slot)
    }
  }

  /** Leaves the version as a marker. */
  #learn(slot: Slot, version: Version): void {
    slot.version = version
    this.#forgetRecord(slot)
  }

  #forgetRecord(slot: Slot): void {
    this.#letRecordGo(slot)
    if (slot.queue !== undefined) this.#policy.set(slot, bytesOf(slot))
  }

  #keep(slot: Slot): void {
    const bytes = bytesOf(slot)
    if (bytes > this.#largestBytes) {
      this.#drop(slot)
      return
    }
    this.#policy.set(slot, bytes)
    this.#policy.evict((evicted) => {
      this.evictions++
      this.#drop(evicted)
    })
  }

  /** Lets go of the record, and of the slot too unless it is pinned: then its version stays as a marker. */
  #drop(slot: Slot): void {
    this.#policy.remove(slot)
    this.#letRecordGo(slot)
    if (slot.pins === 0) this.#slots.delete(slot.workspaceId)
  }

  #letRecordGo(slot: Slot): void {
    if (slot.record !== undefined) this.#texts.remove(slot.record)
    slot.record = undefined
  }
}

function bytesOf({ workspaceId, version, record }: Slot): number {
  const texts = workspaceId.length + version.length
  if (record === undefined) return SLOT_OVERHEAD_BYTES + texts
  return SLOT_OVERHEAD_BYTES + texts + record.photos.byteLength + (record.receipts?.byteLength ?? 0)
}

/** The same bytes, in a buffer that is not much larger than they are. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer.byteLength <= bytes.byteLength + 256) return bytes
  const own = Buffer.allocUnsafeSlow(bytes.byteLength)
  own.set(bytes)
  return own
}
