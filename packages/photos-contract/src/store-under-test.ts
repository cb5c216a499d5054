import type { PhotoRepository } from 'photos-domain'
import type { Test } from 'tap'
import { Follower } from './follower.js'
import type { Fault, OpenedRepository, RepositoryContractOptions } from './options.js'
import { codeOf } from './outcomes.js'

/** One test of the suite: a rule of the port, tried on a new store. */
export type Rule = (t: Test, store: StoreUnderTest) => Promise<void>

/** Rules by title. A title is a sentence that says what a repository does. */
export type Rules = Readonly<Record<string, Rule>>

/** The store that `open` made for one test, and all that is open on it. */
export class StoreUnderTest {
  readonly repository: PhotoRepository
  readonly otherWritesSeenWithinMs: number
  readonly writesListedWithinMs: number
  readonly answersInOutage: string | undefined
  readonly raisesVersions: string | undefined
  readonly #opened: OpenedRepository
  readonly #patienceMs: number
  readonly #over = new AbortController()
  readonly #repositories: PhotoRepository[]

  constructor(opened: OpenedRepository, options: RepositoryContractOptions) {
    this.repository = opened.repository
    this.otherWritesSeenWithinMs = options.otherWritesSeenWithinMs ?? 0
    this.writesListedWithinMs = options.writesListedWithinMs ?? 0
    this.answersInOutage = options.answersInOutage
    this.raisesVersions = options.raisesVersions
    this.#opened = opened
    this.#patienceMs = options.patienceMs ?? 20_000
    this.#repositories = [opened.repository]
  }

  /** Aborts when the test is over: for what must not outlive a test that failed. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** Whether the store can go away while a repository is open. */
  get canBeAway(): boolean {
    return !('impossible' in this.#opened.outage)
  }

  /** Whether answers can be lost on their way from the store. */
  get canLoseAnswers(): boolean {
    return !('impossible' in this.#opened.lostAnswers)
  }

  /** One more repository on the store; `dispose` closes it. */
  async reopen(): Promise<PhotoRepository> {
    const repository = await this.#opened.reopen()
    this.#repositories.push(repository)
    return repository
  }

  /** The repository and `count - 1` more on the same store. */
  async repositories(count: number): Promise<PhotoRepository[]> {
    const others = await Promise.all(Array.from({ length: count - 1 }, () => this.reopen()))
    return [this.repository, ...others]
  }

  async close(repository = this.repository): Promise<void> {
    await this.settled('the repository closes', repository.close())
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#repositories.map((repository) => this.close(repository)))
  }

  /** Follows the live feed of the repository until the follower is stopped or the test is over. */
  follow(repository: PhotoRepository, since?: string): Follower {
    return new Follower(repository, { since, signal: this.signal })
  }

  async dispose(): Promise<void> {
    this.#over.abort()
    try {
      await this.closeAll()
    } finally {
      await this.#opened.dispose()
    }
  }

  /** Asks again and again until it is so; the test fails when it is not so in time. */
  async until(
    what: string,
    isSo: () => boolean | Promise<boolean>,
    withinMs = this.#patienceMs,
  ): Promise<void> {
    const start = performance.now()
    // The clock is read before asking, so the last time it is asked the time is over.
    for (let waitedMs = 0; ; waitedMs = performance.now() - start) {
      if (await isSo()) return
      if (waitedMs >= withinMs) throw new Error(`not within ${withinMs} ms: ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /**
   * What a scan, a feed or the status gives once it shows what was acknowledged before; what it gave last, for the test to fail of it,
   * when it does not in the time that the store may take for that. Where it may take none, it is asked once.
   */
  async listed<T>(list: () => Promise<T>, showsAll: (listed: T) => boolean): Promise<T> {
    const start = performance.now()
    for (let waitedMs = 0; ; waitedMs = performance.now() - start) {
      const listed = await list()
      if (showsAll(listed) || waitedMs >= this.writesListedWithinMs) return listed
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** What the work settles to; the test fails when it does not settle in time. */
  async settled<T>(what: string, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<never>((_, reject) => {
      const error = new Error(`not within ${this.#patienceMs} ms: ${what}`)
      timer = setTimeout(reject, this.#patienceMs, error)
    })
    try {
      return await Promise.race([work, tooLate])
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * Takes the store away, calls `meanwhile`, brings the store back, and resolves, once it serves, to a repository on it. Where
   * there can be no other outage, the repository is closed instead, and another one opened.
   */
  async outage(t: Test, meanwhile: () => Promise<void>): Promise<PhotoRepository> {
    const { outage } = this.#opened
    if ('impossible' in outage) {
      t.comment(`tested by closing the repository, as no other outage can befall it: ${outage.impossible}`)
      await this.close()
      await meanwhile()
      return this.reopen()
    }
    await during(outage, meanwhile)
    await this.#untilReady()
    return this.repository
  }

  /** Calls `meanwhile` while the store's answers are lost, and resolves once the repository serves again. */
  async lostAnswers(t: Test, meanwhile: () => Promise<void>): Promise<void> {
    const { lostAnswers } = this.#opened
    if ('impossible' in lostAnswers) {
      t.comment(`tested with every answer arriving, as none can be lost: ${lostAnswers.impossible}`)
      await meanwhile()
      return
    }
    await during(lostAnswers, meanwhile)
    await this.#untilReady()
  }

  async #untilReady(): Promise<void> {
    await this.until('the repository is ready again', async () => {
      return (await codeOf(() => this.repository.ready())) === 'resolved'
    })
  }
}

async function during(fault: Fault, meanwhile: () => Promise<void>): Promise<void> {
  await fault.begin()
  try {
    await meanwhile()
  } finally {
    await fault.end()
  }
}
