import type { SavedCursor } from '../../dist/remote/driver.js'
import { Channel } from './channel.js'
import { type Message, type ModelSlot, RedisModel, type RedisMutation } from './simulated-redis.js'
import type { SimulatedProcess, Simulation } from './simulation.js'

const USUAL_LONGEST_MS = 20

/** What a client of the server is told. */
export interface Subscriber {
  readonly process: SimulatedProcess
  heard(message: Message): void
}

/** One connection of a client: requests go one way and answers the other, each in order. */
export class Connection {
  readonly #server: SimulatedRedisServer
  readonly toServer: Channel
  readonly toClient: Channel
  readonly onClose: () => void
  isOpen = true

  constructor(
    server: SimulatedRedisServer,
    simulation: Simulation,
    client: SimulatedProcess,
    onClose: () => void,
  ) {
    this.#server = server
    this.toServer = new Channel(simulation, () => server.longestMs)
    this.toClient = new Channel(simulation, () => server.longestMs, client)
    this.onClose = onClose
    if (server.isHung) this.toServer.hold()
  }

  /** The server does it when it arrives there. */
  request(act: () => void): void {
    this.toServer.send(act)
  }

  /** Breaks the connection, on both sides. */
  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.toServer.close()
    this.toClient.close()
    this.#server.connections.delete(this)
    this.onClose()
  }
}

interface Copy {
  readonly slots: ReadonlyMap<string, ModelSlot>
  readonly saved: SavedCursor | undefined
}

const NOTHING: Copy = { slots: new Map(), saved: undefined }
const REPLICATION_MS = 300

/** A Redis server, with its connections and what can befall them. */
export class SimulatedRedisServer {
  readonly #simulation: Simulation
  readonly model: RedisModel
  readonly connections = new Set<Connection>()
  /** Everything that was announced on the bus: workspace and version. */
  readonly announced = new Set<string>()
  readonly #subscribers = new Map<Connection, Subscriber>()
  /** What its replica has: at any time it lags behind by two of its rounds at the most. */
  #copies: readonly Copy[] = []
  isHung = false
  /** How long it takes to the server, and back, at the most. */
  longestMs = USUAL_LONGEST_MS

  constructor(simulation: Simulation, mutation?: RedisMutation) {
    this.#simulation = simulation
    // Its clock is not that of any process.
    const offsetMs = Math.floor(simulation.random() * 5000)
    this.model = new RedisModel(
      () => Math.floor(simulation.nowMs) + offsetMs,
      (message) => this.#publish(message),
      mutation,
    )
    if (simulation.chance(0.5)) this.model.maxSlots = 2
    this.#replicate()
  }

  connect(client: SimulatedProcess, onClose: () => void): Connection {
    const connection = new Connection(this, this.#simulation, client, onClose)
    this.connections.add(connection)
    return connection
  }

  subscribe(connection: Connection, subscriber: Subscriber): void {
    this.#subscribers.set(connection, subscriber)
  }

  /** SIGSTOP: connections stay, and nothing is answered. */
  hang(): void {
    this.isHung = true
    for (const { toServer } of this.connections) toServer.hold()
  }

  resume(): void {
    this.isHung = false
    for (const { toServer } of this.connections) toServer.release()
  }

  slowDown(): void {
    this.longestMs = 120
  }

  heal(): void {
    this.resume()
    this.longestMs = USUAL_LONGEST_MS
    this.model.hasRoom = true
  }

  restart(): void {
    this.#breakAll()
    this.model.restart()
  }

  /** A replica of the server, which lagged behind, takes its place. */
  failOver(): void {
    this.#breakAll()
    this.model.failOver(this.#copies[0] ?? NOTHING)
  }

  #replicate(): void {
    const { slots, saved } = this.model
    this.#copies = [...this.#copies.slice(-1), { slots: new Map(slots), saved }]
    this.#simulation.after(REPLICATION_MS, () => this.#replicate())
  }

  #breakAll(): void {
    this.isHung = false
    for (const connection of [...this.connections]) connection.close()
    this.#subscribers.clear()
  }

  #publish(message: Message): void {
    if (message.kind === 'version') this.announced.add(`${message.workspaceId} ${message.version}`)
    for (const [connection, subscriber] of this.#subscribers) {
      if (!connection.isOpen) this.#subscribers.delete(connection)
      else connection.toClient.send(() => subscriber.heard(message))
    }
  }
}
