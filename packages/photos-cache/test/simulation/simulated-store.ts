import {
  type Change,
  type ChangesOptions,
  NEVER_WRITTEN,
  NO_PHOTOS,
  type PhotoRepository,
  type ReadOptions,
  type RepositoryStatus,
  repositoryUnavailable,
  type ScanOptions,
  type Version,
  versionConflict,
  type WorkspaceContent,
  type WorkspaceId,
  type WorkspaceRecord,
  writeOutcomeUnknown,
} from 'photos-domain'
import { Channel } from './channel.js'
import type { SimulatedProcess, Simulation } from './simulation.js'

export interface Committed {
  readonly workspaceId: WorkspaceId
  readonly version: Version
  readonly atMs: number
}

/** The feed is there within this time, and tells of a write within this time or breaks: what the proof assumes of a store. */
export const LONGEST_FEED_DELAY_MS = 100

/** The one store that all replicas share: linearizable, and slow to reach. */
export class SimulatedStore {
  readonly #records = new Map<WorkspaceId, WorkspaceRecord>()
  readonly log: Committed[] = []
  readonly #followers = new Set<(entry: Committed, at: number) => void>()
  readonly #simulation: Simulation
  readonly #onCommit: (workspaceId: WorkspaceId, record: WorkspaceRecord) => void

  constructor(simulation: Simulation, onCommit: (workspaceId: WorkspaceId, record: WorkspaceRecord) => void) {
    this.#simulation = simulation
    this.#onCommit = onCommit
  }

  get(workspaceId: WorkspaceId): WorkspaceRecord {
    return this.#records.get(workspaceId) ?? { version: NEVER_WRITTEN, photos: NO_PHOTOS }
  }

  commit(workspaceId: WorkspaceId, { photos, receipts }: WorkspaceContent, expected: Version): Version {
    if (this.get(workspaceId).version !== expected) throw versionConflict(workspaceId)
    const version = `${Number(expected) + 1}`
    const record = { version, photos, receipts }
    this.#records.set(workspaceId, record)
    this.#onCommit(workspaceId, record)
    const entry = { workspaceId, version, atMs: this.#simulation.nowMs }
    this.log.push(entry)
    for (const follower of this.#followers) follower(entry, this.log.length)
    return version
  }

  follow(follower: (entry: Committed, at: number) => void): () => void {
    this.#followers.add(follower)
    return () => this.#followers.delete(follower)
  }
}

const USUAL_LONGEST_MS = 60

/** One process's way to the store. */
export class SimulatedStoreClient implements PhotoRepository {
  readonly #simulation: Simulation
  readonly #store: SimulatedStore
  readonly #process: SimulatedProcess
  readonly #breakFeeds = new Set<() => void>()
  isCut = false
  isFeedCut = false
  /** The answer of the next write is lost: it may have been made, or be made later, or never. */
  losesNextWrite = false
  /** The feed is there and tells nothing, as over a dead connection that nobody has noticed. */
  isFeedDeaf = false
  /** How long a request takes one way, at the least and at the most. */
  minimumMs = 0
  longestMs = USUAL_LONGEST_MS

  constructor(simulation: Simulation, store: SimulatedStore, process: SimulatedProcess) {
    this.#simulation = simulation
    this.#store = store
    this.#process = process
  }

  cut(): void {
    this.isCut = true
    this.cutFeed()
  }

  cutFeed(): void {
    this.isFeedCut = true
    for (const breakFeed of [...this.#breakFeeds]) breakFeed()
  }

  heal(): void {
    this.isCut = false
    this.isFeedCut = false
    this.losesNextWrite = false
    this.longestMs = USUAL_LONGEST_MS
  }

  async read(workspaceId: WorkspaceId, _options?: ReadOptions): Promise<WorkspaceRecord> {
    await this.#travel()
    this.#requireReachable()
    const record = this.#store.get(workspaceId)
    await this.#travelBack()
    this.#requireReachable()
    return record
  }

  async write(workspaceId: WorkspaceId, content: WorkspaceContent, expected: Version): Promise<Version> {
    if (this.losesNextWrite) {
      this.losesNextWrite = false
      return this.#loseWrite(workspaceId, content, expected)
    }
    await this.#travel()
    this.#requireReachable()
    const version = this.#store.commit(workspaceId, content, expected)
    await this.#travelBack()
    if (this.isCut) throw writeOutcomeUnknown(workspaceId)
    return version
  }

  async #loseWrite(workspaceId: WorkspaceId, content: WorkspaceContent, expected: Version): Promise<Version> {
    if (this.#simulation.chance(0.7)) {
      this.#simulation.after(this.#simulation.delayMs(400), () => {
        if (this.#store.get(workspaceId).version === expected)
          this.#store.commit(workspaceId, content, expected)
      })
    }
    await this.#travelBack()
    throw writeOutcomeUnknown(workspaceId)
  }

  async *changes({ since, live, signal }: ChangesOptions = {}): AsyncGenerator<Change> {
    await this.#travel(LONGEST_FEED_DELAY_MS)
    if (this.isCut || this.isFeedCut) throw repositoryUnavailable('the feed is cut')
    const arrived: Change[] = []
    let wake = () => {}
    let isBroken = false
    const channel = new Channel(this.#simulation, () => LONGEST_FEED_DELAY_MS, this.#process)
    const tell = ({ workspaceId, version }: Committed, at: number) =>
      channel.send(() => {
        arrived.push({ workspaceId, version, cursor: `${at}` })
        wake()
      })
    const from = since === 'now' ? this.#store.log.length : Number(since ?? 0)
    this.#store.log.slice(from).forEach((entry, at) => {
      tell(entry, from + at + 1)
    })
    let isComplete = false
    if (live !== true) {
      channel.send(() => {
        isComplete = true
        wake()
      })
    }
    const unfollow = live === true && !this.isFeedDeaf ? this.#store.follow(tell) : () => {}
    const breakFeed = () => {
      isBroken = true
      channel.close()
      this.#simulation.after(this.#simulation.delayMs(LONGEST_FEED_DELAY_MS), () => wake(), this.#process)
    }
    this.#breakFeeds.add(breakFeed)
    const stop = () => wake()
    signal?.addEventListener('abort', stop)
    try {
      for (;;) {
        const change = arrived.shift()
        if (signal?.aborted === true) return
        if (change !== undefined) yield change
        else if (isBroken) throw repositoryUnavailable('the feed broke')
        else if (isComplete) return
        else {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    } finally {
      unfollow()
      channel.close()
      this.#breakFeeds.delete(breakFeed)
      signal?.removeEventListener('abort', stop)
    }
  }

  async *scan(_options?: ScanOptions): AsyncGenerator<never> {}

  async ready(): Promise<void> {
    await this.#travel()
    await this.#travelBack()
    this.#requireReachable()
  }

  async status(): Promise<RepositoryStatus> {
    return { engine: 'simulated', workspaces: this.#store.log.length, bytes: 0 }
  }

  async close(): Promise<void> {}

  /** On the way to the store: it goes on while the process is paused. */
  #travel(longestMs = this.longestMs): Promise<void> {
    return new Promise((resolve) => {
      this.#simulation.after(this.minimumMs + this.#simulation.delayMs(longestMs), resolve)
    })
  }

  #travelBack(): Promise<void> {
    return new Promise((resolve) => {
      this.#simulation.after(this.#simulation.delayMs(this.longestMs), resolve, this.#process)
    })
  }

  #requireReachable(): void {
    if (this.isCut) throw repositoryUnavailable('the store cannot be reached')
  }
}
