import { fnv1a } from './fnv.js'

/**
 * A set of texts that takes two bytes a text and in turn errs: of one in a thousand it says that it has seen it, and has not. Of one
 * that it has seen it never says that it has not. (A Bloom filter, https://dl.acm.org/doi/10.1145/362686.362692.)
 */
export class SeenBefore {
  static readonly #BITS_PER_TEXT = 16
  static readonly #HASHES = 8
  readonly #bits: Uint8Array
  readonly #size: number

  /** For up to `capacity` texts; with more it errs more often. */
  constructor(capacity: number) {
    this.#size = Math.max(1024, capacity * SeenBefore.#BITS_PER_TEXT)
    this.#bits = new Uint8Array(Math.ceil(this.#size / 8))
  }

  /** Whether the text was added before; adds it. */
  add(text: string): boolean {
    const first = fnv1a(text)
    // Odd, and so never zero.
    const second = (fnv1a(text, 0x01234567) | 1) >>> 0
    let seen = true
    for (let i = 0; i < SeenBefore.#HASHES; i++) {
      const bit = (first + i * second) % this.#size
      const index = Math.floor(bit / 8)
      const mask = 1 << (bit % 8)
      const byte = this.#bits[index] ?? 0
      if ((byte & mask) === 0) seen = false
      this.#bits[index] = byte | mask
    }
    return seen
  }
}
