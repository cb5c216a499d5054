import type { Random } from './random.js'

/**
 * Draws ranks 1 to n with probability proportional to rank^-exponent, in constant time and without a table: rejection-inversion
 * (W. Hörmann, G. Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions",
 * ACM TOMACS 6(3), 1996, section 3). The density's antiderivative H covers each rank's bar [rank - ½, rank + ½]; a point
 * drawn evenly under it is inverted to a rank and kept if it lies within that rank's bar.
 */
export class Zipf {
  readonly #n: number
  readonly #exponent: number
  readonly #areaAtFirst: number
  readonly #areaAtLast: number
  readonly #alwaysKeptBelow: number

  /**
   * @param n how many ranks, at least 1
   * @param exponent above 0; 1 is Zipf's own law, 0.99 what YCSB uses
   */
  constructor(n: number, exponent: number) {
    this.#n = n
    this.#exponent = exponent
    // The first rank's bar is as high as it is wide, so that it is never rejected.
    this.#areaAtFirst = this.#area(1.5) - 1
    this.#areaAtLast = this.#area(n + 0.5)
    this.#alwaysKeptBelow = 2 - this.#areaInverse(this.#area(2.5) - this.#density(2))
  }

  /** A rank from 1 to n. */
  next(random: Random): number {
    for (;;) {
      const point = this.#areaAtLast + random.fraction() * (this.#areaAtFirst - this.#areaAtLast)
      const x = this.#areaInverse(point)
      const rank = Math.min(this.#n, Math.max(1, Math.round(x)))
      if (rank - x <= this.#alwaysKeptBelow) return rank
      if (point >= this.#area(rank + 0.5) - this.#density(rank)) return rank
    }
  }

  #density(x: number): number {
    return Math.exp(-this.#exponent * Math.log(x))
  }

  /** ∫ x^-exponent dx = (x^(1 - exponent) - 1) / (1 - exponent), and log x where the exponent is 1. */
  #area(x: number): number {
    const logX = Math.log(x)
    return logX * expm1Over((1 - this.#exponent) * logX)
  }

  #areaInverse(area: number): number {
    // Rounding may carry it below -1, of which there is no logarithm.
    const scaled = Math.max(-1, area * (1 - this.#exponent))
    return Math.exp(area * log1pOver(scaled))
  }
}

/** (eˣ - 1) / x, continued by its series where x is so near 0 that the quotient loses its digits. */
const expm1Over = (x: number): number => (Math.abs(x) > 1e-8 ? Math.expm1(x) / x : 1 + (x / 2) * (1 + x / 3))

/** log(1 + x) / x, continued likewise. */
const log1pOver = (x: number): number => (Math.abs(x) > 1e-8 ? Math.log1p(x) / x : 1 - x * (1 / 2 - x / 3))
