import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

/** Answers a request and returns true; or returns false, and has not touched the response. */
export type Answerer = (request: IncomingMessage, response: ServerResponse, pass: Pass) => boolean

/** Gives a request that an answerer took, and failed at, to Fastify after all: its route throws this error. */
export type Pass = (request: IncomingMessage, response: ServerResponse, error: unknown) => void

/**
 * A way past Fastify's own life of a request (its routing, request and reply, hooks and validation), which costs as much as all
 * the rest of a plain read. It takes a request as Node gives it, and whatever it does not take goes to Fastify as ever. It is shut until
 * `open`, and again after `shut`.
 */
export class FastPath {
  readonly #failures = new WeakMap<IncomingMessage, { readonly error: unknown }>()
  #answer: Answerer | undefined

  open(answer: Answerer): void {
    this.#answer = answer
  }

  shut(): void {
    this.#answer = undefined
  }

  /** The listener for Node's server, in front of Fastify's. */
  inFrontOf(fastify: RequestListener): RequestListener {
    const pass: Pass = (request, response, error) => {
      this.#failures.set(request, { error })
      fastify(request, response)
    }
    return (request, response) => {
      if (this.#answer?.(request, response, pass) !== true) fastify(request, response)
    }
  }

  /** Throws the error for which a request was passed to Fastify, so that errors are answered and logged in one place. */
  rethrow(request: IncomingMessage): void {
    const failure = this.#failures.get(request)
    if (failure !== undefined) throw failure.error
  }
}
