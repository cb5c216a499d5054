import type { Version, WorkspaceId, WorkspaceRecord } from 'photos-domain'
import { Flights } from '../../dist/flights.js'
import { MemoryTier } from '../../dist/memory/memory-tier.js'
import type { Slot } from '../../dist/memory/slot.js'
import type { RunOptions } from './run.js'

/** Keeps whatever comes last, as a plain Map does. */
class PlainSetMemory extends MemoryTier {
  override put(slot: Slot, record: WorkspaceRecord, asOfMs: number, expiresAtMs: number): void {
    slot.version = '0'
    slot.record = undefined
    super.put(slot, record, asOfMs, expiresAtMs)
  }
}

/** Forgets the record of an older version, and the newer version with it. */
class DeletingMemory extends MemoryTier {
  override raise(workspaceId: WorkspaceId, _version: Version): boolean {
    this.suspect(workspaceId, Number.NEGATIVE_INFINITY)
    return true
  }
}

/** Lets whoever comes after a change join a flight that began before it. */
class EternalFlights extends Flights {
  override endEpoch(): void {}
}

const sized =
  <T extends MemoryTier>(Memory: new (maxBytes: number, largestBytes: number) => T) =>
  (maxBytes: number): T =>
    new Memory(maxBytes, maxBytes)

/** Caches with one rule taken out, by what they do wrong. */
export const mutants: Readonly<Record<string, RunOptions>> = {
  'Redis sets, instead of setting if newer': { mutations: { redis: 'plain-set' } },
  'the process sets, instead of setting if newer': { mutations: { memory: sized(PlainSetMemory) } },
  'Redis deletes, instead of leaving a marker': { mutations: { redis: 'delete-instead-of-marker' } },
  'the process deletes, instead of leaving a marker': { mutations: { memory: sized(DeletingMemory) } },
  'a reader joins a flight that began before the last change': {
    mutations: { flights: () => new EternalFlights() },
  },
  'Redis takes what was read before it lost what it knew': { mutations: { redis: 'no-lease' } },
  'Redis passes for the same server after a failover': { mutations: { redis: 'same-run' } },
  'beats do not go over the bus': { mutations: { driver: 'beats-beside-the-bus' }, deafFeeds: true },
}
