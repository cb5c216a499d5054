import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Version, WorkspaceContent, WorkspaceId } from 'photos-domain'
import type { Attachment, Lease, RemoteDriver, RemoteEntry, RemoteEvents, SavedCursor } from './driver.js'
import { parseEntry } from './slot-format.js'
import { MAX_PHOTOS_BYTES, MAX_VERSION_LENGTH, NAME_LENGTH, SLOT_SCRIPT } from './slot-script.js'

/** A placeholder is forgotten after this time; a read that takes longer cannot fill it any more. */
const PLACEHOLDER_LIFE_MS = 30_000

const NO_BYTES = Buffer.alloc(0)

/** Two connections to the same server, made by `openConnections`: a connection that is subscribed takes no commands. */
export interface RedisConnections {
  readonly commands: Redis
  readonly subscriber: Redis
}

type Argument = string | number | Buffer | Uint8Array

/** What `defineCommand` adds to a client. */
interface WithSlotScript {
  photosSlot(key: string, ...args: readonly Argument[]): Promise<unknown>
}

/** `RemoteDriver` on Redis 6 or later, through ioredis. */
export class RedisDriver implements RemoteDriver {
  readonly #commands: Redis & WithSlotScript
  readonly #subscriber: Redis
  readonly #keyPrefix: string
  readonly #changesChannel: string
  readonly #beatChannel: string
  /** Tells this process's incarnations and beats from those of all others. */
  readonly #name = randomBytes(4).toString('hex')
  #incarnations = 0
  #server = ''
  #isCorked = false

  /** `keyPrefix`: before every key and channel; one for each store that shares the server. */
  constructor({ commands, subscriber }: RedisConnections, keyPrefix: string) {
    commands.defineCommand('photosSlot', { numberOfKeys: 1, lua: SLOT_SCRIPT })
    this.#commands = commands as Redis & WithSlotScript
    this.#subscriber = subscriber
    this.#keyPrefix = keyPrefix
    this.#changesChannel = `${keyPrefix}changes`
    this.#beatChannel = `${keyPrefix}beat:${this.#name}`
  }

  open(events: RemoteEvents): void {
    const commands = this.#commands
    let lastError = 'the connection was closed'
    commands.on('ready', () => events.up())
    commands.on('error', (error: Error) => {
      lastError = error.message
    })
    commands.on('close', () => events.down(lastError))
    this.#openSubscriber(events)
    // What makes them fail comes as `error` and `close`, and they go on trying.
    commands.connect().catch(() => {})
  }

  #openSubscriber(events: RemoteEvents): void {
    const subscriber = this.#subscriber
    subscriber.on('ready', () => {
      subscriber.subscribe(this.#changesChannel, this.#beatChannel).then(
        () => events.subscribed(),
        () => subscriber.disconnect(true),
      )
    })
    subscriber.on('error', () => {})
    subscriber.on('close', () => events.unsubscribed())
    subscriber.on('message', (channel: string, message: string) => {
      if (channel === this.#beatChannel) events.beat(Number(message))
      else this.#hear(message, events)
    })
    subscriber.connect().catch(() => {})
  }

  #hear(message: string, events: RemoteEvents): void {
    const [workspaceId, version, ...rest] = message.split(' ')
    if (!workspaceId || version === undefined || rest.length > 0) return
    if (version === '') events.suspected(workspaceId)
    else events.announced(workspaceId, version)
  }

  async attach(): Promise<Attachment> {
    const [info, replication, time, saved] = await Promise.all([
      this.#commands.info('server'),
      this.#commands.info('replication'),
      this.#commands.time(),
      this.#commands.get(this.#cursorKey),
    ])
    // https://redis.io/docs/latest/commands/info/: run_id identifies the run of the server, 40 hexadecimal digits
    const runId = /^run_id:([0-9a-f]{16,})/m.exec(info)?.[1]
    if (runId === undefined) throw new Error('the server does not tell its run_id')
    if (!/^role:master/m.test(replication)) throw new Error('the server is a replica of another one')
    this.#server = runId.slice(0, NAME_LENGTH)
    const [seconds, microseconds] = time
    const nowServerMs = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
    return { server: this.#server, nowServerMs, saved: parseSaved(saved) }
  }

  async get(workspaceId: WorkspaceId): Promise<RemoteEntry | undefined> {
    this.#cork()
    try {
      const value = await this.#commands.getBuffer(this.#key(workspaceId))
      return value === null ? undefined : parseEntry(value)
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return undefined
      throw error
    }
  }

  async lease(workspaceId: WorkspaceId): Promise<Lease | undefined> {
    const reply = await this.#slot(workspaceId, 'lease', '', this.#newIncarnation(), PLACEHOLDER_LIFE_MS)
    if (reply === null) return undefined
    if (!Array.isArray(reply)) throw new TypeError('the script answered something else than a lease')
    const [incarnation, givenAt]: unknown[] = reply
    return { incarnation: String(incarnation), givenAtServerMs: Number(givenAt) }
  }

  async put(
    workspaceId: WorkspaceId,
    { incarnation, givenAtServerMs }: Lease,
    { version, photos, receipts = NO_BYTES }: WorkspaceContent & { readonly version: Version },
    { lifeMs, announce }: { readonly lifeMs: number; readonly announce: boolean },
  ): Promise<void> {
    const message = announce ? `${workspaceId} ${version}` : ''
    if (version.length > MAX_VERSION_LENGTH || photos.byteLength > MAX_PHOTOS_BYTES) {
      // The layout has no room for it. An older entry must go all the same.
      await this.#slot(workspaceId, 'suspect', message, this.#newIncarnation(), PLACEHOLDER_LIFE_MS)
      return
    }
    await this.#slot(
      workspaceId,
      'put',
      message,
      incarnation,
      givenAtServerMs,
      version,
      lifeMs,
      asBuffer(photos),
      asBuffer(receipts),
    )
  }

  async raise(workspaceId: WorkspaceId, version: Version, announce: boolean): Promise<void> {
    const message = announce ? `${workspaceId} ${version}` : ''
    await this.#slot(workspaceId, 'raise', message, version, PLACEHOLDER_LIFE_MS)
  }

  async suspect(workspaceId: WorkspaceId): Promise<void> {
    await this.#slot(workspaceId, 'suspect', `${workspaceId} `, this.#newIncarnation(), PLACEHOLDER_LIFE_MS)
  }

  async saveCursor({ cursor, floorServerMs }: SavedCursor): Promise<void> {
    await this.#commands.set(this.#cursorKey, `${floorServerMs} ${cursor}`)
  }

  async beat(sequence: number): Promise<void> {
    await this.#commands.publish(this.#beatChannel, `${sequence}`)
  }

  reconnect(): void {
    this.#commands.disconnect(true)
    this.#subscriber.disconnect(true)
  }

  close(): void {
    this.#commands.disconnect()
    this.#subscriber.disconnect()
  }

  #slot(
    workspaceId: WorkspaceId,
    operation: string,
    message: string,
    ...args: readonly Argument[]
  ): Promise<unknown> {
    this.#cork()
    return this.#commands.photosSlot(
      this.#key(workspaceId),
      operation,
      this.#server,
      this.#changesChannel,
      message,
      ...args,
    )
  }

  /**
   * Sends all that is asked in one turn of the event loop in one piece, and in the order in which it was asked. Measured: as fast
   * as ioredis's own pipelining, which keeps no order between scripts and other commands.
   */
  #cork(): void {
    if (this.#isCorked) return
    const { stream } = this.#commands
    if (stream === undefined) return
    this.#isCorked = true
    stream.cork()
    setImmediate(() => {
      this.#isCorked = false
      stream.uncork()
    })
  }

  #key(workspaceId: WorkspaceId): string {
    return `${this.#keyPrefix}w:${workspaceId}`
  }

  get #cursorKey(): string {
    return `${this.#keyPrefix}cursor`
  }

  #newIncarnation(): string {
    this.#incarnations++
    return this.#name + this.#incarnations.toString(36).padStart(NAME_LENGTH - this.#name.length, '0')
  }
}

/** What `saveCursor` stored; undefined where it is anything else. */
function parseSaved(text: string | null): SavedCursor | undefined {
  const [, floor, cursor] = /^(\d{1,15}) (.+)$/s.exec(text ?? '') ?? []
  return floor === undefined || cursor === undefined ? undefined : { cursor, floorServerMs: Number(floor) }
}

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)
