/**
 * Random numbers that are the same for the same seed words: xoshiro128** by Blackman and Vigna
 * (https://prng.di.unimi.it/), its state filled by hashing the words. Words that differ give unrelated streams, so every
 * slot and every thread of a run gets one of its own: `new Random(seed, slot, thread)`.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(...words: readonly number[]) {
    this.#a = hashOf(0, words)
    this.#b = hashOf(1, words)
    this.#c = hashOf(2, words)
    this.#d = hashOf(3, words)
  }

  /** 32 random bits, as an integer from 0 to 2³² - 1. */
  word(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotate(this.#d, 11)
    return result
  }

  /** A number from 0 to just below 1, all 53 bits of it random. */
  fraction(): number {
    return ((this.word() >>> 5) * 2 ** 26 + (this.word() >>> 6)) / 2 ** 53
  }

  /** An integer from 0 to `limit` - 1. The bias towards some of them is below `limit` / 2⁵³. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }
}

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))

const hashOf = (first: number, words: readonly number[]): number =>
  words.reduce((hash, word) => mix(hash ^ mix(word)), mix(first))

/** A bijection of 32 bits that spreads each over all others (the 32-bit finaliser of MurmurHash3). */
function mix(word: number): number {
  let hash = (word + 0x9e3779b9) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
