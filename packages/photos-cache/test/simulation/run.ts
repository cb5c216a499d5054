import { encodePhotos, isPhotosError, type WorkspaceContent, type WorkspaceId } from 'photos-domain'
import { History } from 'photos-history'
import { type CacheSettings, settingsOf } from '../../dist/options.js'
import { type Command, KEYS, REPLICAS, type Scenario, type ServerFault } from './commands.js'
import { SimulatedRedisServer } from './redis-server.js'
import { type Mutations, Replica } from './replica.js'
import { SimulatedStore } from './simulated-store.js'
import { Simulation } from './simulation.js'

export interface RunOptions {
  readonly mutations?: Mutations | undefined
  /**
   * The feeds are live and tell nothing, which the repository's contract excludes: then the bus alone has to keep the bound, for what was
   * announced on it.
   */
  readonly deafFeeds?: boolean | undefined
}

const SETTINGS: CacheSettings = {
  ...settingsOf({}),
  staleIfErrorMs: 3000,
  memoryLifeMs: 5000,
  maxUnsettled: 2,
}

const nameOf = (key: number): WorkspaceId => `w${key}`

/** Plays one scenario and checks every answer. */
export class Run {
  readonly history: History
  readonly #simulation: Simulation
  readonly #server: SimulatedRedisServer
  readonly #store: SimulatedStore
  readonly #replicas: readonly Replica[]
  readonly #scenario: Scenario
  readonly #deafFeeds: boolean
  #contents = 0

  constructor(scenario: Scenario, { mutations = {}, deafFeeds = false }: RunOptions = {}) {
    this.history = new History({
      maxStalenessMs: SETTINGS.maxStalenessMs,
      maxMarkedStalenessMs: SETTINGS.staleIfErrorMs + SETTINGS.maxStalenessMs,
      onlyAnnounced: deafFeeds,
    })
    this.#scenario = scenario
    this.#deafFeeds = deafFeeds
    this.#simulation = new Simulation(scenario.seed)
    this.#server = new SimulatedRedisServer(this.#simulation, mutations.redis)
    this.#store = new SimulatedStore(this.#simulation, (workspaceId, { version, photos }) => {
      this.history.committed(workspaceId, version, Buffer.from(photos).toString())
    })
    const surroundings = { simulation: this.#simulation, server: this.#server, store: this.#store }
    this.#replicas = Array.from({ length: REPLICAS }, (_, at) => {
      const replica = new Replica(`replica ${at}`, { ...surroundings, mutations, settings: SETTINGS })
      replica.store.isFeedDeaf = deafFeeds
      return replica
    })
  }

  /** The rules that were broken, first one first. */
  async play(): Promise<readonly string[]> {
    // Half of the runs begin before the caches have settled.
    await this.#simulation.advance(this.#simulation.chance(0.5) ? 0 : 600)
    for (const command of this.#scenario.commands) {
      this.#do(command)
      await this.#simulation.advance(command.kind === 'wait' ? command.ms : this.#simulation.delayMs(30))
    }
    // Whatever is broken by now: when the bound has passed, every replica must know.
    await this.#simulation.advance(SETTINGS.maxStalenessMs + 1)
    for (let key = 0; key < KEYS; key++) this.#do({ kind: 'read-everywhere', key })
    if (!this.#deafFeeds) await this.#settleDown()
    return this.history.violations
  }

  #do(command: Command): void {
    switch (command.kind) {
      case 'wait':
        break
      case 'foreign-write':
        this.#writePastCaches(nameOf(command.key))
        break
      case 'evict':
        this.#server.model.slots.delete(nameOf(command.key))
        break
      case 'read-everywhere':
        for (const replica of this.#replicas) this.#doOn(replica, { kind: 'read', key: command.key })
        break
      case 'read':
      case 'fresh':
      case 'write':
      case 'pause':
        this.#doOn(this.#replicaAt(command.replica), command)
        break
      default:
        if ('replica' in command) this.#replicaAt(command.replica).befall(command.kind)
        else this.#befallServer(command.kind)
    }
  }

  #doOn(
    replica: Replica,
    command:
      | { readonly kind: 'read' | 'fresh' | 'write'; readonly key: number }
      | { readonly kind: 'pause'; readonly ms: number },
  ): void {
    // In the replica's process: not while it is paused.
    const later = (run: () => Promise<void>) => {
      this.#simulation.after(0, () => void run(), replica.process)
    }
    switch (command.kind) {
      case 'pause':
        replica.process.pause(command.ms)
        break
      case 'write':
        later(() => this.#write(replica, nameOf(command.key)))
        break
      default:
        later(() => this.#read(replica, nameOf(command.key), command.kind === 'fresh'))
    }
  }

  async #read({ name, cache }: Replica, workspaceId: WorkspaceId, fresh: boolean): Promise<void> {
    const read = this.history.begin(name, workspaceId, fresh, this.#simulation.nowMs)
    try {
      this.history.end(
        read,
        await cache.read(workspaceId, fresh ? { fresh } : undefined),
        this.#simulation.nowMs,
      )
    } catch (error) {
      this.#checkError(error)
    }
  }

  /** As PhotoService does it. */
  async #write({ name, cache }: Replica, workspaceId: WorkspaceId): Promise<void> {
    try {
      const { version: expected } = await cache.read(workspaceId, { fresh: true })
      const version = await cache.write(workspaceId, this.#newContent(), expected)
      const isAnnounced = this.#server.announced.has(`${workspaceId} ${version}`)
      this.history.acknowledged(workspaceId, version, this.#simulation.nowMs, { replica: name, isAnnounced })
    } catch (error) {
      this.#checkError(error)
    }
  }

  #writePastCaches(workspaceId: WorkspaceId): void {
    const version = this.#store.commit(workspaceId, this.#newContent(), this.#store.get(workspaceId).version)
    this.history.acknowledged(workspaceId, version, this.#simulation.nowMs)
  }

  #newContent(): WorkspaceContent {
    this.#contents++
    const description = `the ${this.#contents}th that was written`
    return { photos: encodePhotos([{ id: 'p', url: 'https://pictures.example/p.jpg', description }]) }
  }

  /** What a client may be told: a conflict, and, where the store could not be reached, that. */
  #checkError(error: unknown): void {
    if (isPhotosError(error, 'VERSION_CONFLICT') || isPhotosError(error, 'WRITE_OUTCOME_UNKNOWN')) return
    if (isPhotosError(error, 'REPOSITORY_UNAVAILABLE') && this.#storeWasAway) return
    this.history.violate(`an error to a client: ${String(error)}`)
  }

  get #storeWasAway(): boolean {
    return this.#scenario.commands.some(({ kind }) => kind === 'cut-store')
  }

  #replicaAt(at: number): Replica {
    const replica = this.#replicas[at]
    if (replica === undefined) throw new RangeError(`there is no replica ${at}`)
    return replica
  }

  #befallServer(fault: ServerFault): void {
    const server = this.#server
    switch (fault) {
      case 'flush':
        server.model.slots.clear()
        server.model.saved = undefined
        break
      case 'restart':
        server.restart()
        break
      case 'fail-over':
        server.failOver()
        break
      case 'hang':
        server.hang()
        break
      case 'resume':
        server.resume()
        break
      case 'slow-down':
        server.slowDown()
        break
      case 'fill-up':
      case 'make-room':
        server.model.hasRoom = fault === 'make-room'
        break
      case 'heal-all':
        server.heal()
        for (const replica of this.#replicas) replica.befall('heal')
    }
  }

  /** With everything healed, every replica ends up with what the store has, and serves it. */
  async #settleDown(): Promise<void> {
    this.#befallServer('heal-all')
    this.#simulation.isCalm = true
    await this.#simulation.advance(3500)
    for (const replica of this.#replicas) {
      const { redis, store } = replica.cache.metrics()
      if (redis?.isTrusted !== true || !redis.busIsLive || !store.feedIsLive || redis.unsettled !== 0) {
        this.history.violate(`${replica.name} has not recovered: ${JSON.stringify({ redis, store })}`)
      }
    }
    for (let key = 0; key < KEYS; key++) {
      await Promise.all(this.#replicas.map((replica) => this.#checkSettled(replica, nameOf(key))))
    }
    await this.#simulation.finish(Promise.all(this.#replicas.map(({ cache }) => cache.closeTiers())))
  }

  async #checkSettled({ name, cache }: Replica, workspaceId: WorkspaceId): Promise<void> {
    const { version } = this.#store.get(workspaceId)
    const record = await this.#simulation.finish(Promise.resolve(cache.read(workspaceId)))
    if (record.version !== version) {
      this.history.violate(`${name} has settled on ${workspaceId} at ${record.version}, not ${version}`)
    }
  }
}
