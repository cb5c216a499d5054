import type { FastifyBaseLogger } from 'fastify'
import type { Bindings, ChildLoggerOptions, LogFn, Logger } from 'pino'

/**
 * A pino logger whose children are made when they first log. Fastify gives every request a child with the request's id, and
 * where LOG_LEVEL is `warn` nearly none of them logs: it then costs one small object.
 */
export class LazyLogger implements FastifyBaseLogger {
  readonly #parent: LazyLogger | Logger
  readonly #bindings: Bindings
  readonly #options: ChildLoggerOptions | undefined
  #made: Logger | undefined

  constructor(parent: LazyLogger | Logger, bindings: Bindings = {}, options?: ChildLoggerOptions) {
    this.#parent = parent
    this.#bindings = bindings
    this.#options = options
  }

  child(bindings: Bindings, options?: ChildLoggerOptions): LazyLogger {
    return new LazyLogger(this, bindings, options)
  }

  get level(): string {
    return this.#made?.level ?? this.#options?.level ?? this.#parent.level
  }

  set level(level: string) {
    this.#logger.level = level
  }

  get fatal(): LogFn {
    return this.#logFn('fatal')
  }

  get error(): LogFn {
    return this.#logFn('error')
  }

  get warn(): LogFn {
    return this.#logFn('warn')
  }

  get info(): LogFn {
    return this.#logFn('info')
  }

  get debug(): LogFn {
    return this.#logFn('debug')
  }

  get trace(): LogFn {
    return this.#logFn('trace')
  }

  get silent(): LogFn {
    return this.#logFn('silent')
  }

  get #logger(): Logger {
    const parent = this.#parent instanceof LazyLogger ? this.#parent.#logger : this.#parent
    this.#made ??= parent.child(this.#bindings, this.#options)
    return this.#made
  }

  #logFn(level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'): LogFn {
    const logger = this.#logger
    return logger[level].bind(logger)
  }
}
