import { photosTextOf } from 'photos-domain'
import type { KeptRecord } from './slot.js'

/** What a text costs beside its characters: its header, and its record's place in the set. */
const OVERHEAD_BYTES = 64

/**
 * The texts of the records that are hit most: each is made once, and every hit sends it, instead of making it anew. They are on V8's heap,
 * which is smaller than the memory of the process, and beside the bytes; so they are few. When they would be too many all are
 * dropped, and what is still wanted gets its text again.
 */
export class HotTexts {
  readonly #maxBytes: number
  readonly #records = new Set<KeptRecord>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Gives a record its text. */
  add(record: KeptRecord): void {
    const bytes = bytesOf(record)
    if (bytes > this.#maxBytes) return
    if (this.#bytes + bytes > this.#maxBytes) this.clear()
    record.photosText = photosTextOf(record)
    this.#records.add(record)
    this.#bytes += bytes
  }

  /** The tier does not hold the record any more. */
  remove(record: KeptRecord): void {
    if (this.#records.delete(record)) this.#bytes -= bytesOf(record)
  }

  clear(): void {
    for (const record of this.#records) record.photosText = undefined
    this.#records.clear()
    this.#bytes = 0
  }
}

const bytesOf = ({ photos }: KeptRecord): number => photos.byteLength + OVERHEAD_BYTES
