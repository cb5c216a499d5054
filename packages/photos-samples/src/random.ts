/**
 * A generator of 32-bit random numbers, the same for the same three words: Chris Doty-Humphrey's sfc32
 * (PractRand, https://pracrand.sourceforge.net/RNG_engines.txt). Its step is a bijection of its 128-bit state, so
 * generators that start from different words never run through the same state at the same step.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(a: number, b: number, c: number) {
    this.#a = a | 0
    this.#b = b | 0
    this.#c = c | 0
    for (let round = 0; round < ROUNDS_UNTIL_MIXED; round++) this.word()
  }

  /** 32 random bits, as a signed integer. */
  word(): number {
    const result = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0
    return result
  }

  /** An integer from 0 to `limit` - 1. The bias towards some of them is below `limit` / 2³². */
  below(limit: number): number {
    return Math.floor(((this.word() >>> 0) / 2 ** 32) * limit)
  }

  /** One of `choices`. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0]
  }
}

/** After so many steps every bit of the start has spread over the whole state (PractRand seeds three words this way). */
const ROUNDS_UNTIL_MIXED = 15
