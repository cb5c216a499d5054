import type { Version, WorkspaceId, WorkspaceRecord } from 'photos-domain'
import type { Fifo } from './fifo.js'

/** What is answered on a hit. The text comes once the record is hit often. */
export interface KeptRecord extends WorkspaceRecord {
  photosText: string | undefined
}

/**
 * What the in-process tier keeps of one workspace: an entry, or, without a record, a marker. Either way `version` is the
 * highest version that this process has seen of it, and the slot takes nothing below that.
 */
export class Slot {
  readonly workspaceId: WorkspaceId
  version: Version = '0'
  /** What is answered on a hit, this very object; undefined in a marker. */
  record: KeptRecord | undefined
  /** A time, on the process's clock, at which the record was the current one. Nothing is known of later times. */
  asOfMs = Number.NEGATIVE_INFINITY
  /** Records that were current at no later time than this are not taken. */
  suspectSinceMs = Number.NEGATIVE_INFINITY
  /** From then on the entry is not used while it is fresh, whatever vouches for it. */
  expiresAtMs = Number.NEGATIVE_INFINITY
  /** How many reads and writes of the workspace are under way; until none is, the slot stays. */
  pins = 0

  /** How often it was hit lately, 0 to 3. */
  visits = 0
  bytes = 0
  queue: Fifo | undefined
  newer: Slot | undefined
  older: Slot | undefined

  constructor(workspaceId: WorkspaceId) {
    this.workspaceId = workspaceId
  }
}
