import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { RequestFailure } from './failure.js'

/** What a request needs of the one who reads its answer. */
export interface Reception {
  /** Takes a part of the answer's body. Throws to refuse the rest. */
  readonly onData: (chunk: Buffer, controller: Dispatcher.DispatchController) => void
  readonly onStart: (status: number, headers: IncomingHttpHeaders) => void
  readonly onEnd: () => void
  readonly onFailure: (failure: RequestFailure) => void
}

/** What a stream needs of its request. */
export interface StreamedExchange {
  readonly fail: (failure: RequestFailure) => void
  readonly failAfter: (timeoutMs: number | undefined) => void
}

/** How much may wait for a slow reader before the connection is paused. */
const MAX_WAITING_BYTES = 256 * 1024

/** The body of an answer as it comes. Read it once, with `for await`; leaving the loop ends the request. */
export class AnswerStream implements Reception, AsyncIterable<Buffer> {
  /** The status, once the answer has begun. */
  readonly status: Promise<number>
  readonly #idleMs: number
  readonly #waiting: Buffer[] = []
  #waitingBytes = 0
  #controller: Dispatcher.DispatchController | undefined
  #ended: RequestFailure | true | undefined
  #wake: () => void = () => {}
  #begin: (status: number) => void = () => {}
  #neverBegin: (failure: RequestFailure) => void = () => {}
  /** The request whose answer it is. */
  exchange: StreamedExchange | undefined

  constructor(idleMs: number) {
    this.#idleMs = idleMs
    this.status = new Promise((resolve, reject) => {
      this.#begin = resolve
      this.#neverBegin = reject
    })
    // Whoever reads the body learns of the failure too.
    this.status.catch(() => {})
  }

  onStart(status: number): void {
    this.exchange?.failAfter(undefined)
    this.#begin(status)
  }

  onData(chunk: Buffer, controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    if (this.#waitingBytes > MAX_WAITING_BYTES) controller.pause()
    this.#wake()
  }

  onEnd(): void {
    this.#ended = true
    this.#wake()
  }

  onFailure(failure: RequestFailure): void {
    this.#ended = failure
    this.#neverBegin(failure)
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    try {
      for (;;) {
        const chunk = this.#waiting.shift()
        if (chunk !== undefined) {
          this.#waitingBytes -= chunk.length
          if (this.#waiting.length === 0) this.#controller?.resume()
          yield chunk
        } else if (this.#ended !== undefined) {
          if (this.#ended !== true && this.#ended.kind !== 'aborted') throw this.#ended
          return
        } else {
          await this.#nextEvent()
        }
      }
    } finally {
      this.exchange?.fail(new RequestFailure('aborted', 'the reader has left'))
    }
  }

  async #nextEvent(): Promise<void> {
    // Only while somebody waits: a slow reader is no silence of the node's.
    this.exchange?.failAfter(this.#idleMs)
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.exchange?.failAfter(undefined)
  }
}
