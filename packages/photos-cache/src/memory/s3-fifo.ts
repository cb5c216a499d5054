import { Latest } from '../latest.js'
import { Fifo } from './fifo.js'
import type { Slot } from './slot.js'

const MAX_VISITS = 3
/** The part of the bytes that newcomers may take before they have to prove themselves. */
const SMALL_PART = 0.1

/**
 * Decides which slots go when there are too many bytes: S3-FIFO, from "FIFO queues are all you need for cache eviction"
 * (Yang and others, SOSP 2023, https://doi.org/10.1145/3600006.3613147). Newcomers pass through a small queue and are
 * dropped at its end unless they were read more than once; only those enter the main queue, where every read of late buys
 * another round. So a walk through all workspaces passes by without driving out the popular ones. An id that was dropped
 * not long ago is remembered, and goes to the main queue when it is back.
 *
 * A hit counts up to three and moves nothing. The bound is exact: it holds whenever `evict` has returned.
 */
export class S3Fifo {
  readonly #maxBytes: number
  readonly #small = new Fifo()
  readonly #main = new Fifo()
  readonly #ghosts = new Latest<true>()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#small.bytes + this.#main.bytes
  }

  get length(): number {
    return this.#small.length + this.#main.length
  }

  /** Counts a hit. True where it had been hit so often already that it counts no further. */
  visit(slot: Slot): boolean {
    if (slot.visits === MAX_VISITS) return true
    slot.visits++
    return false
  }

  /** Takes a slot in, or notes how many bytes it has now. */
  set(slot: Slot, bytes: number): void {
    const { queue } = slot
    if (queue !== undefined) {
      queue.bytes += bytes - slot.bytes
      slot.bytes = bytes
      return
    }
    slot.bytes = bytes
    slot.visits = 0
    const wasHere = this.#ghosts.delete(slot.workspaceId)
    if (wasHere) this.#main.add(slot)
    else this.#small.add(slot)
  }

  remove(slot: Slot): void {
    slot.queue?.remove(slot)
  }

  /** Drops slots until the bytes are within the bound, telling each. */
  evict(onEvicted: (slot: Slot) => void): void {
    while (this.bytes > this.#maxBytes) {
      const fromSmall = this.#main.length === 0 || this.#small.bytes > this.#maxBytes * SMALL_PART
      const evicted = fromSmall ? this.#pushOutOfSmall() : this.#pushOutOfMain()
      if (evicted !== undefined) onEvicted(evicted)
    }
  }

  /** The oldest newcomer that was not read again; those before it that were move to the main queue. */
  #pushOutOfSmall(): Slot | undefined {
    for (let slot = this.#small.oldest; slot !== undefined; slot = this.#small.oldest) {
      this.#small.remove(slot)
      if (slot.visits <= 1) {
        this.#remember(slot.workspaceId)
        return slot
      }
      slot.visits = 0
      this.#main.add(slot)
    }
    return undefined
  }

  /** The oldest that was not read of late; those before it that were go round once more. */
  #pushOutOfMain(): Slot | undefined {
    for (let slot = this.#main.oldest; slot !== undefined; slot = this.#main.oldest) {
      this.#main.remove(slot)
      if (slot.visits === 0) return slot
      slot.visits--
      this.#main.add(slot)
    }
    return undefined
  }

  /** Remembers at least half as many ids as there are slots, the latest ones, and at most as many as there were. */
  #remember(workspaceId: string): void {
    this.#ghosts.set(workspaceId, true, this.length / 2)
  }
}
