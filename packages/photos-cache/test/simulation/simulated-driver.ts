import type { Version, WorkspaceContent, WorkspaceId } from 'photos-domain'
import type {
  Attachment,
  Lease,
  RemoteDriver,
  RemoteEntry,
  RemoteEvents,
  SavedCursor,
} from '../../dist/remote/driver.js'
import type { Connection, SimulatedRedisServer } from './redis-server.js'
import type { Message, RedisModel } from './simulated-redis.js'
import type { SimulatedProcess, Simulation } from './simulation.js'

/** Ways to get a driver wrong, for the proof that the proof would notice. */
export type DriverMutation =
  /** Beats do not go over the bus: they tell that the process is alive, and nothing else. */
  'beats-beside-the-bus'

const RECONNECT_MS = 40

/** A `RemoteDriver` to a simulated server, over connections that can be cut. */
export class SimulatedDriver implements RemoteDriver {
  readonly #simulation: Simulation
  readonly #server: SimulatedRedisServer
  readonly #process: SimulatedProcess
  readonly #name: string
  readonly #mutation: DriverMutation | undefined
  #events: RemoteEvents | undefined
  #commands: Connection | undefined
  #bus: Connection | undefined
  #pending = new Set<(error: Error) => void>()
  #serverName = ''
  #incarnations = 0
  #isClosed = false
  /** Connections are refused, and break at once, while it is so. */
  isCut = false
  /** How often it has connected, over both connections. */
  connectionsMade = 0
  /** What is sent arrives nowhere, and nobody is told. */
  #isBusSilent = false
  #areCommandsSilent = false

  constructor(
    simulation: Simulation,
    server: SimulatedRedisServer,
    process: SimulatedProcess,
    name: string,
    mutation?: DriverMutation,
  ) {
    this.#simulation = simulation
    this.#server = server
    this.#process = process
    this.#name = name
    this.#mutation = mutation
  }

  open(events: RemoteEvents): void {
    this.#events = events
    this.#connectCommands()
    this.#connectBus()
  }

  close(): void {
    this.#isClosed = true
    this.#commands?.close()
    this.#bus?.close()
  }

  reconnect(): void {
    this.#commands?.close()
    this.#bus?.close()
  }

  cut(): void {
    this.isCut = true
    this.reconnect()
  }

  cutBus(): void {
    this.#bus?.close()
  }

  silenceBus(): void {
    this.#isBusSilent = true
    this.#bus?.toClient.hold()
  }

  silenceCommands(): void {
    this.#areCommandsSilent = true
    this.#commands?.toServer.hold()
  }

  heal(): void {
    this.isCut = false
    this.#isBusSilent = false
    this.#areCommandsSilent = false
    this.#bus?.toClient.release()
    if (!this.#server.isHung) this.#commands?.toServer.release()
  }

  attach(): Promise<Attachment> {
    return this.#ask((model) => {
      const attachment = model.attach()
      return attachment
    }).then((attachment) => {
      this.#serverName = attachment.server
      return attachment
    })
  }

  get(workspaceId: WorkspaceId): Promise<RemoteEntry | undefined> {
    return this.#ask((model) => model.get(workspaceId))
  }

  lease(workspaceId: WorkspaceId): Promise<Lease | undefined> {
    const server = this.#serverName
    const incarnation = this.#newIncarnation()
    return this.#ask((model) => model.lease(workspaceId, server, incarnation))
  }

  put(
    workspaceId: WorkspaceId,
    lease: Lease,
    record: WorkspaceContent & { readonly version: Version },
    { announce }: { readonly lifeMs: number; readonly announce: boolean },
  ): Promise<void> {
    const server = this.#serverName
    return this.#ask((model) => model.put(workspaceId, server, lease, record, announce))
  }

  raise(workspaceId: WorkspaceId, version: Version, announce: boolean): Promise<void> {
    const server = this.#serverName
    return this.#ask((model) => model.raise(workspaceId, server, version, announce))
  }

  suspect(workspaceId: WorkspaceId): Promise<void> {
    const server = this.#serverName
    const incarnation = this.#newIncarnation()
    return this.#ask((model) => model.suspect(workspaceId, server, incarnation))
  }

  saveCursor(saved: SavedCursor): Promise<void> {
    return this.#ask((model) => {
      model.saved = saved
    })
  }

  beat(sequence: number): Promise<void> {
    if (this.#mutation === 'beats-beside-the-bus') {
      this.#simulation.after(1, () => this.#events?.beat(sequence), this.#process)
      return Promise.resolve()
    }
    return this.#ask(() => {
      const bus = this.#bus
      if (bus?.isOpen === true) bus.toClient.send(() => this.#events?.beat(sequence))
    })
  }

  #ask<T>(act: (model: RedisModel) => T): Promise<T> {
    const connection = this.#commands
    if (connection?.isOpen !== true) return Promise.reject(new Error('not connected'))
    return new Promise((resolve, reject) => {
      this.#pending.add(reject)
      connection.request(() => {
        const answer = act(this.#server.model)
        connection.toClient.send(() => {
          this.#pending.delete(reject)
          resolve(answer)
        })
      })
    })
  }

  #connectCommands(): void {
    if (this.#isClosed) return
    if (this.isCut) {
      this.#later(() => this.#connectCommands())
      return
    }
    this.connectionsMade++
    this.#commands = this.#server.connect(this.#process, () => {
      const pending = this.#pending
      this.#pending = new Set()
      for (const reject of pending) reject(new Error('the connection was closed'))
      this.#events?.down('the connection was closed')
      this.#later(() => this.#connectCommands())
    })
    if (this.#areCommandsSilent) this.#commands.toServer.hold()
    this.#events?.up()
  }

  #connectBus(): void {
    if (this.#isClosed) return
    if (this.isCut) {
      this.#later(() => this.#connectBus())
      return
    }
    this.connectionsMade++
    const bus = this.#server.connect(this.#process, () => {
      this.#events?.unsubscribed()
      this.#later(() => this.#connectBus())
    })
    this.#bus = bus
    if (this.#isBusSilent) bus.toClient.hold()
    bus.request(() => {
      this.#server.subscribe(bus, { process: this.#process, heard: (message) => this.#heard(message) })
      bus.toClient.send(() => this.#events?.subscribed())
    })
  }

  #heard(message: Message): void {
    if (message.kind === 'suspect') this.#events?.suspected(message.workspaceId)
    else this.#events?.announced(message.workspaceId, message.version)
  }

  #later(run: () => void): void {
    this.#simulation.after(RECONNECT_MS + this.#simulation.delayMs(100), run, this.#process)
  }

  #newIncarnation(): string {
    this.#incarnations++
    return `${this.#name}-${this.#incarnations}`
  }
}
