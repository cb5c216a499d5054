/**
 * The latest of many values by their keys: at least as many as are asked for, and while that stays the same fewer than twice as many. Two
 * maps take turns, and the older one is dropped whole: a map whose oldest entry is deleted over and over has to step over all that were, 10 us each time at 16,000.
 */
export class Latest<Value> {
  #newer = new Map<string, Value>()
  #older = new Map<string, Value>()

  get(key: string): Value | undefined {
    return this.#newer.get(key) ?? this.#older.get(key)
  }

  /** @param least how many are kept at the least */
  set(key: string, value: Value, least: number): void {
    this.#newer.set(key, value)
    if (this.#newer.size < least) return
    this.#older = this.#newer
    this.#newer = new Map()
  }

  /** Whether it was there. */
  delete(key: string): boolean {
    // A key may be in both.
    const wasNew = this.#newer.delete(key)
    return this.#older.delete(key) || wasNew
  }

  clear(): void {
    this.#newer.clear()
    this.#older.clear()
  }
}
