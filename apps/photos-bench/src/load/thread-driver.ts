import { type EventLoopUtilization, performance } from 'node:perf_hooks'
import autocannon, { type Result } from 'autocannon'
import { Random } from '../ids/random.js'
import { changesData } from '../scenario/schema.js'
import { encodeHistogram, newHistogram } from '../stats/histogram.js'
import { AnswerChecker, type WrongAnswer, wrongAnswer } from './answer-checker.js'
import {
  type ConnectingClient,
  drivenClient,
  type RequestIterator,
  startConnectionsAfresh,
} from './autocannon-client.js'
import { FIXED_ETAG, FIXED_PHOTO_ID } from './fixed-answer.js'
import type { ThreadLoad, ThreadReport } from './messages.js'
import type { BenchRequest } from './operations.js'
import { Pacer } from './pacer.js'
import { Recorder } from './recorder.js'
import { RequestSource } from './request-source.js'

/** autocannon ends by itself after this; every slot is ended long before. */
const LONGEST_SLOT_SECONDS = 86_400
/** A connection without an answer, or at an arrival rate without a request, for so long is counted as timed out. */
const ANSWER_TIMEOUT_SECONDS = 30
/** How often autocannon looks whether it was stopped. */
const STOP_CHECK_MS = 50
const KEPT_WRONG_ANSWERS = 5

/** One slot of one thread: autocannon, with requests of ours and measured by us. */
export class ThreadDriver {
  readonly #load: ThreadLoad
  readonly #source: RequestSource
  readonly #checker: AnswerChecker
  readonly #recorder = new Recorder()
  readonly #pacer: Pacer | undefined
  readonly #lateness = newHistogram()
  readonly #wrongAnswers: WrongAnswer[] = []
  #wrong = 0
  #lost = 0
  #checked = 0
  #utilizationBefore: EventLoopUtilization | undefined
  #run: autocannon.Instance | undefined
  #ended: Promise<Result> | undefined

  constructor(load: ThreadLoad) {
    const { origin, scenario, answers, arrivals, seed, sampleOneIn } = load
    const random = new Random(...seed)
    this.#load = load
    this.#checker = new AnswerChecker(answers, changesData(scenario))
    this.#source = new RequestSource({
      scenario,
      host: new URL(origin).host,
      random,
      sampleOneIn,
      fixedEtag: answers.kind === 'fixed' ? FIXED_ETAG : undefined,
    })
    this.#source.prepare(load.prepare)
    if (arrivals !== undefined) {
      this.#pacer = new Pacer(arrivals, random, (ms) => this.#lateness.recordValue(Math.round(ms * 1000)))
    }
  }

  start(): void {
    const options = {
      url: this.#load.origin,
      connections: this.#load.connections,
      duration: LONGEST_SLOT_SECONDS,
      timeout: ANSWER_TIMEOUT_SECONDS,
      sampleInt: STOP_CHECK_MS,
      setupClient: (client: autocannon.Client) => this.#takeOver(drivenClient(client)),
    }
    this.#ended = new Promise((resolve, reject) => {
      this.#run = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)))
    })
    this.#pacer?.start()
  }

  measure(): void {
    this.#utilizationBefore = performance.eventLoopUtilization()
    this.#lateness.reset()
    this.#recorder.start()
  }

  async end(): Promise<ThreadReport> {
    const unsentMs = this.#pacer?.unsentMs() ?? []
    const inFlightMs = this.#pacer?.inFlightMs() ?? []
    for (const waitedMs of [...unsentMs, ...inFlightMs]) this.#recorder.recordUnanswered(waitedMs)
    const recording = this.#recorder.end()
    const { utilization } = performance.eventLoopUtilization(this.#utilizationBefore)
    this.#pacer?.stop()
    this.#run?.stop()
    const result = await this.#ended
    return {
      ...recording,
      errors: (result?.errors ?? 0) + this.#lost,
      timeouts: result?.timeouts ?? 0,
      checked: this.#checked,
      wrong: this.#wrong,
      wrongAnswers: this.#wrongAnswers,
      utilization,
      ...(this.#pacer === undefined
        ? {}
        : { lateness: encodeHistogram(this.#lateness), unsent: unsentMs.length }),
    }
  }

  #takeOver(client: ConnectingClient): void {
    client.requestIterator = new SourceIterator(this.#source, this.#onAnswer.bind(this))
    startConnectionsAfresh(client, () => this.#lost++)
    const pacer = this.#pacer
    pacer?.take(client)
    client.on('response', (status, _bytes, durationMs) => {
      this.#recorder.record(status, pacer === undefined ? durationMs : pacer.latencyMs(client, durationMs))
    })
  }

  #onAnswer(request: BenchRequest, status: number, body: string, rawHeaders: readonly string[]): void {
    if (request.sampled) this.#checked++
    const wrong = this.#checker.check(request, status, body) ?? this.#learn(request, status, body, rawHeaders)
    if (wrong === undefined) return
    this.#wrong++
    if (this.#wrongAnswers.length < KEPT_WRONG_ANSWERS) this.#wrongAnswers.push(wrong)
  }

  /** Takes from an answer what later requests need. */
  #learn(
    request: BenchRequest,
    status: number,
    body: string,
    rawHeaders: readonly string[],
  ): WrongAnswer | undefined {
    const { operation, index } = request
    if (operation === 'add') {
      const fixed = this.#load.answers.kind === 'fixed'
      this.#source.learnAdded(index, fixed ? FIXED_PHOTO_ID : (JSON.parse(body) as { id: string }).id)
    } else if (operation === 'revalidate' && status === 200) {
      const etag = headerOf(rawHeaders, 'etag')
      if (etag === undefined) return wrongAnswer(request, 'no ETag')
      this.#source.learnEtag(index, etag)
    }
    return undefined
  }
}

/** Hands one client the requests of a source. */
class SourceIterator implements RequestIterator {
  readonly resetted = false
  readonly recordBody: RequestIterator['recordBody']
  readonly #source: RequestSource
  currentRequest: BenchRequest

  constructor(source: RequestSource, onAnswer: RequestIterator['recordBody']) {
    this.#source = source
    this.recordBody = onAnswer
    this.currentRequest = source.next()
  }

  nextRequest(): BenchRequest {
    this.currentRequest = this.#source.next()
    return this.currentRequest
  }
}

/** Names and values alternate, as they came (`message.rawHeaders` of node:http). */
function headerOf(rawHeaders: readonly string[], name: string): string | undefined {
  const place = rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name)
  return place === -1 ? undefined : rawHeaders[place + 1]
}
