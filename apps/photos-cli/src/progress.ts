import cliProgress from 'cli-progress'
import { formatBytes, formatCount, formatDuration } from './format.js'
import { RateMeter } from './rate-meter.js'

/** How far a command has come, on stderr: a bar in a terminal, a line now and then elsewhere. */
export interface Progress {
  /** So much is done in all. Cheap: it may be called for every item. */
  update(done: number): void
  /** Prints a line on stderr without tearing the bar. */
  log(line: string): void
  /** Takes the bar away; a last line says how far it came. */
  stop(): void
}

export interface ProgressOptions {
  /** What is counted; `bytes` are shown in their units. */
  readonly unit: 'workspaces' | 'bytes'
  /** How much there is in all; absent where nobody knows. */
  readonly total?: number | undefined
  /** How much was done before it began: it does not count for the rate. */
  readonly initial?: number | undefined
}

/** How often a line is written where there is no terminal. */
const LINE_EVERY_MS = 5_000
/** How often the bar is drawn. */
const DRAW_EVERY_MS = 100

export function startProgress(options: ProgressOptions): Progress {
  return process.stderr.isTTY ? new Bar(options) : new Lines(options)
}

/** What a bar and a line have in common: how far it is, how fast, how long it will take. */
class Meter {
  readonly #options: ProgressOptions
  readonly #rate = new RateMeter()
  readonly #startedAtMs = performance.now()
  readonly #initial: number
  done: number

  constructor(options: ProgressOptions) {
    this.#options = options
    this.#initial = options.initial ?? 0
    this.done = this.#initial
    this.#rate.add(this.done, this.#startedAtMs)
  }

  /** How far it is, how fast of late, and how long that would take for the rest. */
  describe(): string {
    const { total } = this.#options
    this.#rate.add(this.done, performance.now())
    const perSecond = this.#rate.perSecond
    if (perSecond === 0) return this.#howFar()
    const left = total === undefined ? '' : `, ${formatDuration((total - this.done) / perSecond)} left`
    return `${this.#howFar()}, ${this.#show(perSecond)}/s${left}`
  }

  /** How far it came, in which time. */
  summarize(): string {
    const seconds = (performance.now() - this.#startedAtMs) / 1000
    const perSecond = (this.done - this.#initial) / seconds
    return `${this.#howFar()} in ${formatDuration(seconds)}, ${this.#show(perSecond)}/s`
  }

  #howFar(): string {
    const { unit, total } = this.#options
    const amount =
      total === undefined ? this.#show(this.done) : `${this.#show(this.done)} of ${this.#show(total)}`
    return unit === 'bytes' ? amount : `${amount} ${unit}`
  }

  #show(amount: number): string {
    return this.#options.unit === 'bytes' ? formatBytes(amount) : formatCount(amount)
  }
}

class Bar implements Progress {
  readonly #meter: Meter
  readonly #total: number
  readonly #bar: cliProgress.SingleBar
  readonly #timer: NodeJS.Timeout

  constructor(options: ProgressOptions) {
    this.#meter = new Meter(options)
    this.#total = options.total ?? 0
    this.#bar = new cliProgress.SingleBar({
      format: options.total === undefined ? '{text}' : '{bar} {percentage} %  {text}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 30,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      // Signals are the command's own affair.
      gracefulExit: false,
    })
    this.#start()
    this.#timer = setInterval(() => this.#bar.update(this.#meter.done, this.#texts()), DRAW_EVERY_MS)
    this.#timer.unref()
  }

  update(done: number): void {
    this.#meter.done = done
  }

  log(line: string): void {
    // The bar remembers where on the screen it is, and that is somewhere else afterwards.
    this.#bar.stop()
    process.stderr.write(`${line}\n`)
    this.#start()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#bar.stop()
    process.stderr.write(`${this.#meter.summarize()}\n`)
  }

  #start(): void {
    this.#bar.start(this.#total, this.#meter.done, this.#texts())
  }

  #texts(): { text: string } {
    return { text: this.#meter.describe() }
  }
}

class Lines implements Progress {
  readonly #meter: Meter
  readonly #timer: NodeJS.Timeout

  constructor(options: ProgressOptions) {
    this.#meter = new Meter(options)
    this.#timer = setInterval(() => this.log(this.#meter.describe()), LINE_EVERY_MS)
    this.#timer.unref()
  }

  update(done: number): void {
    this.#meter.done = done
  }

  log(line: string): void {
    process.stderr.write(`${line}\n`)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.log(this.#meter.summarize())
  }
}
