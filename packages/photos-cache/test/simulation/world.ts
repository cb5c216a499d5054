import {
  encodePhotos,
  type PhotosErrorCode,
  type Version,
  type WorkspaceContent,
  type WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'
import { type CacheSettings, settingsOf } from '../../dist/options.js'
import { SimulatedRedisServer } from './redis-server.js'
import { type Mutations, Replica } from './replica.js'
import { SimulatedStore } from './simulated-store.js'
import { Simulation } from './simulation.js'

/** A simulated store and a simulated Redis, and as many replicas as are started, for tests that say what happens step by step. */
export class World {
  readonly simulation = new Simulation(1)
  readonly server: SimulatedRedisServer
  readonly store: SimulatedStore
  #replicas = 0

  constructor() {
    // Everything takes a millisecond.
    this.simulation.isCalm = true
    this.server = new SimulatedRedisServer(this.simulation)
    this.server.model.maxSlots = Number.POSITIVE_INFINITY
    this.store = new SimulatedStore(this.simulation, () => {})
  }

  /** Starts a replica and lets it settle. */
  async start(settings: Partial<CacheSettings> = {}, mutations: Mutations = {}): Promise<Replica> {
    this.#replicas++
    const replica = new Replica(`replica ${this.#replicas}`, {
      ...{ simulation: this.simulation, server: this.server, store: this.store, mutations },
      settings: { ...settingsOf({}), ...settings },
    })
    await this.simulation.advance(600)
    return replica
  }

  read(
    { cache }: Replica,
    workspaceId: WorkspaceId,
    options?: { readonly fresh: true },
  ): Promise<WorkspaceRecord> {
    return this.simulation.finish(Promise.resolve(cache.read(workspaceId, options)))
  }

  /** Writes through a replica, as PhotoService does it. */
  write({ cache }: Replica, workspaceId: WorkspaceId): Promise<Version> {
    const write = async () => {
      const { version } = await cache.read(workspaceId, { fresh: true })
      return cache.write(workspaceId, contentOf(`after ${version}`), version)
    }
    return this.simulation.finish(write())
  }

  /** Writes past all caches. */
  writeElsewhere(workspaceId: WorkspaceId): Version {
    const { version } = this.store.get(workspaceId)
    return this.store.commit(workspaceId, contentOf(`elsewhere, after ${version}`), version)
  }

  /** The code of the error that a read rejects with; undefined if it is answered. */
  async codeOfRead(replica: Replica, workspaceId: WorkspaceId): Promise<PhotosErrorCode | undefined> {
    return this.read(replica, workspaceId).then(
      () => undefined,
      (error) => error.code,
    )
  }
}

export const contentOf = (description: string): WorkspaceContent => ({
  photos: encodePhotos([{ id: 'p', url: 'https://pictures.example/p', description }]),
})
