import type { Slot } from './slot.js'

/** A queue of slots, linked through the slots themselves. A slot is in one queue at most. */
export class Fifo {
  #newest: Slot | undefined
  #oldest: Slot | undefined
  bytes = 0
  length = 0

  get oldest(): Slot | undefined {
    return this.#oldest
  }

  add(slot: Slot): void {
    slot.queue = this
    slot.older = this.#newest
    slot.newer = undefined
    if (this.#newest === undefined) this.#oldest = slot
    else this.#newest.newer = slot
    this.#newest = slot
    this.bytes += slot.bytes
    this.length++
  }

  remove(slot: Slot): void {
    if (slot.newer === undefined) this.#newest = slot.older
    else slot.newer.older = slot.older
    if (slot.older === undefined) this.#oldest = slot.newer
    else slot.older.newer = slot.newer
    slot.queue = undefined
    slot.newer = undefined
    slot.older = undefined
    this.bytes -= slot.bytes
    this.length--
  }
}
