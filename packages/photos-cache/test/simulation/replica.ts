import { CachedRepository } from '../../dist/cached-repository.js'
import { Flights } from '../../dist/flights.js'
import { MemoryTier } from '../../dist/memory/memory-tier.js'
import type { CacheSettings } from '../../dist/options.js'
import type { ReplicaFault } from './commands.js'
import type { SimulatedRedisServer } from './redis-server.js'
import { type DriverMutation, SimulatedDriver } from './simulated-driver.js'
import type { RedisMutation } from './simulated-redis.js'
import { type SimulatedStore, SimulatedStoreClient } from './simulated-store.js'
import { SimulatedProcess, type Simulation } from './simulation.js'

/** Ways to get the cache wrong, for the proof that the proof would notice. */
export interface Mutations {
  readonly redis?: RedisMutation | undefined
  readonly driver?: DriverMutation | undefined
  readonly flights?: (() => Flights) | undefined
  readonly memory?: ((maxBytes: number) => MemoryTier) | undefined
}

export interface Surroundings {
  readonly simulation: Simulation
  readonly server: SimulatedRedisServer
  readonly store: SimulatedStore
  readonly settings: CacheSettings
  readonly mutations?: Mutations | undefined
}

/** Room for two entries. */
const MEMORY_BYTES = 1700

/** A simulated process with a real cache in it. */
export class Replica {
  readonly name: string
  readonly process: SimulatedProcess
  readonly driver: SimulatedDriver
  readonly store: SimulatedStoreClient
  readonly cache: CachedRepository
  /** What was logged: one line for each change of state. */
  readonly logged: string[] = []

  constructor(name: string, { simulation, server, store, settings, mutations = {} }: Surroundings) {
    this.name = name
    this.process = new SimulatedProcess(simulation)
    this.driver = new SimulatedDriver(simulation, server, this.process, name, mutations.driver)
    this.store = new SimulatedStoreClient(simulation, store, this.process)
    const log = (_details: object, message: string) => this.logged.push(message)
    this.cache = new CachedRepository(this.store, {
      settings,
      clock: this.process.clock,
      random: simulation.random,
      log: { info: log, warn: log },
      driver: this.driver,
      memory: mutations.memory?.(MEMORY_BYTES) ?? new MemoryTier(MEMORY_BYTES, MEMORY_BYTES),
      flights: mutations.flights?.() ?? new Flights(),
    })
  }

  befall(fault: ReplicaFault): void {
    switch (fault) {
      case 'cut-redis':
        this.driver.cut()
        break
      case 'cut-bus':
        this.driver.cutBus()
        break
      case 'silence-bus':
        this.driver.silenceBus()
        break
      case 'silence-commands':
        this.driver.silenceCommands()
        break
      case 'cut-feed':
        this.store.cutFeed()
        break
      case 'cut-store':
        this.store.cut()
        break
      case 'slow-store':
        this.store.longestMs = 2500
        break
      case 'lose-write':
        this.store.losesNextWrite = true
        break
      case 'heal':
        this.driver.heal()
        this.store.heal()
    }
  }
}
