/** Runs tasks of the same key one after another, in the order they came; tasks of different keys do not wait. */
export class KeyedQueue {
  readonly #waiting = new Map<string, { tail: Promise<unknown>; length: number }>()

  /** How many tasks of this key are running or waiting. */
  length(key: string): number {
    return this.#waiting.get(key)?.length ?? 0
  }

  /** The result of the task, once those before it have settled, whichever way. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const queue = this.#waiting.get(key)
    if (queue === undefined) {
      const first = { tail: task(), length: 1 }
      this.#waiting.set(key, first)
      return this.#untilDone(key, first, first.tail)
    }
    queue.length++
    const result = queue.tail.then(task, task)
    queue.tail = result
    return this.#untilDone(key, queue, result)
  }

  async #untilDone<T>(key: string, queue: { length: number }, result: Promise<T>): Promise<T> {
    try {
      return await result
    } finally {
      queue.length--
      if (queue.length === 0) this.#waiting.delete(key)
    }
  }
}
