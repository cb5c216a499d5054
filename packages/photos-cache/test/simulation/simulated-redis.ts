import { compareVersions, type Version, type WorkspaceContent, type WorkspaceId } from 'photos-domain'
import type { Attachment, Lease, RemoteEntry, SavedCursor } from '../../dist/remote/driver.js'

/** Ways to get it wrong, for the proof that the proof would notice. */
export type RedisMutation =
  /** A put overwrites whatever is there, as SET does. */
  | 'plain-set'
  /** Being told of a version deletes, as DEL does, and a put stores where nothing is. */
  | 'delete-instead-of-marker'
  /** A put stores where nothing is, as if what was there had not been evicted. */
  | 'no-lease'
  /** After a failover the server says that it is the same one. */
  | 'same-run'

export interface ModelSlot extends WorkspaceContent {
  readonly isEntry: boolean
  readonly incarnation: string
  readonly server: string
  readonly asOfServerMs: number
  readonly version: Version
}

export type Message =
  | { readonly kind: 'version'; readonly workspaceId: WorkspaceId; readonly version: Version }
  | { readonly kind: 'suspect'; readonly workspaceId: WorkspaceId }

const NO_PHOTOS = Buffer.from('[]')

/**
 * What `SLOT_SCRIPT` and Redis do, exactly, without Redis: slot-script.test.ts holds the two against each other. Each method
 * is one atomic step.
 */
export class RedisModel {
  slots = new Map<WorkspaceId, ModelSlot>()
  saved: SavedCursor | undefined
  run = 1
  hasRoom = true
  /** How many slots there is room for: one more drives out another one. */
  maxSlots = Number.POSITIVE_INFINITY
  readonly #nowMs: () => number
  readonly #publish: (message: Message) => void
  readonly #mutation: RedisMutation | undefined

  constructor(nowMs: () => number, publish: (message: Message) => void, mutation?: RedisMutation) {
    this.#nowMs = nowMs
    this.#publish = publish
    this.#mutation = mutation
  }

  get server(): string {
    return `run-${this.run}`
  }

  attach(): Attachment {
    return { server: this.server, nowServerMs: this.#nowMs(), saved: this.saved }
  }

  get(workspaceId: WorkspaceId): RemoteEntry | undefined {
    const slot = this.slots.get(workspaceId)
    return slot?.isEntry === true ? slot : undefined
  }

  lease(workspaceId: WorkspaceId, server: string, incarnation: string): Lease | undefined {
    const givenAtServerMs = this.#nowMs()
    const slot = this.#slotOn(workspaceId, server)
    if (slot !== undefined) return { incarnation: slot.incarnation, givenAtServerMs }
    const made = this.#store(workspaceId, {
      ...{ isEntry: false, incarnation, server, asOfServerMs: givenAtServerMs },
      ...{ version: '0', photos: NO_PHOTOS },
    })
    return made ? { incarnation, givenAtServerMs } : undefined
  }

  put(
    workspaceId: WorkspaceId,
    server: string,
    { incarnation, givenAtServerMs: asOfServerMs }: Lease,
    { version, photos, receipts }: WorkspaceContent & { readonly version: Version },
    announce: boolean,
  ): void {
    if (announce) this.#publish({ kind: 'version', workspaceId, version })
    const slot = this.#slotOn(workspaceId, server)
    const entry = { isEntry: true, server, asOfServerMs, version, photos, receipts }
    if (this.#mutation === 'plain-set') {
      this.#store(workspaceId, { ...entry, incarnation })
      return
    }
    if (slot === undefined) {
      if (this.#mutation === 'no-lease' || this.#mutation === 'delete-instead-of-marker') {
        this.#store(workspaceId, { ...entry, incarnation })
      }
      return
    }
    const order = compareVersions(version, slot.version)
    if (order < 0) return
    if (slot.isEntry && order === 0 && asOfServerMs <= slot.asOfServerMs) return
    if (slot.isEntry || slot.incarnation === incarnation) {
      this.#store(workspaceId, { ...entry, incarnation: slot.incarnation })
    } else {
      this.#store(workspaceId, { ...slot, version })
    }
  }

  raise(workspaceId: WorkspaceId, server: string, version: Version, announce: boolean): void {
    if (announce) this.#publish({ kind: 'version', workspaceId, version })
    const slot = this.#slotOn(workspaceId, server)
    if (slot === undefined || compareVersions(version, slot.version) <= 0) return
    if (this.#mutation === 'delete-instead-of-marker') this.slots.delete(workspaceId)
    else
      this.#store(workspaceId, { ...slot, isEntry: false, version, photos: NO_PHOTOS, receipts: undefined })
  }

  suspect(workspaceId: WorkspaceId, server: string, incarnation: string): void {
    this.#publish({ kind: 'suspect', workspaceId })
    const slot = this.#slotOn(workspaceId, server)
    if (slot === undefined) return
    this.#store(workspaceId, {
      ...{ isEntry: false, incarnation, server, asOfServerMs: this.#nowMs() },
      ...{ version: slot.version, photos: NO_PHOTOS },
    })
  }

  /** Everything is lost, as when the process is killed. */
  restart(): void {
    this.slots.clear()
    this.saved = undefined
    this.run++
  }

  /** What it was some time ago takes its place, as when a replica that lagged behind is promoted. */
  failOver(to: {
    readonly slots: ReadonlyMap<WorkspaceId, ModelSlot>
    readonly saved: SavedCursor | undefined
  }): void {
    this.slots = new Map(to.slots)
    this.saved = to.saved
    if (this.#mutation !== 'same-run') this.run++
  }

  #slotOn(workspaceId: WorkspaceId, server: string): ModelSlot | undefined {
    const slot = this.slots.get(workspaceId)
    return slot?.server === server ? slot : undefined
  }

  #store(workspaceId: WorkspaceId, slot: ModelSlot): boolean {
    // The oldest goes, whichever is asked for most.
    this.slots.delete(workspaceId)
    const [oldest] = this.slots.keys()
    if (oldest !== undefined && this.slots.size >= this.maxSlots) this.slots.delete(oldest)
    if (this.hasRoom) this.slots.set(workspaceId, slot)
    return this.hasRoom
  }
}
