import { type Backoff, backoffDelayMs } from './backoff.js'
import { corruptRecord, isPhotosError, PhotosError, writeContention } from './errors.js'
import type { WorkspaceId } from './model.js'
import { decodePhotos, encodePhotos } from './photo-bytes.js'
import { decodeReceipts, encodeReceipts } from './receipts.js'
import type { PhotoRepository, WorkspaceRecord } from './repository.js'
import type { Version } from './version.js'
import {
  type Decide,
  type Draft,
  draftOf,
  type PendingWrite,
  type Verdict,
  type Workspace,
} from './write-draft.js'

export interface Outcome<T> {
  readonly result: T
  /** The version of the record that the result is about. */
  readonly version: Version
}

/** The most writes that are stored together: they are decided in one go, and nothing else is done meanwhile. */
const MAX_TOGETHER = 64

/** The writes to one workspace that wait or are under way, in the order they came. */
interface Line {
  writes: PendingWrite[]
  /** So many of the first are stored each by itself: together they were too large. */
  alone: number
  /** Whether the record is next read from the store itself; the first attempt takes what a cache has. */
  asksStore: boolean
}

/**
 * The read-modify-write loop. It reads the record, lets the writes that wait for this workspace decide, and stores what they make
 * of it on condition that the record has not moved since; when it has, they start again.
 *
 * Writes to one workspace take turns; those that come while one is under way are stored together after it, as one version of the
 * record: so a workspace that many write to costs the store one write for all who wait.
 *
 * The first attempt begins with the record as a cache has it, and one that follows a write with what that left: the condition holds only
 * if it is what is stored. Where nothing is to be stored there is no condition, so that is decided, as every other attempt is, on what is
 * read from the store itself.
 */
export class WorkspaceWriter {
  readonly #repository: PhotoRepository
  readonly #backoff: Backoff
  readonly #maxQueuedWrites: number
  readonly #lines = new Map<WorkspaceId, Line>()

  constructor(
    repository: PhotoRepository,
    backoff: Backoff = { attempts: 12, baseDelayMs: 4, maxDelayMs: 250 },
    maxQueuedWrites = 1000,
  ) {
    this.#repository = repository
    this.#backoff = backoff
    this.#maxQueuedWrites = maxQueuedWrites
  }

  /**
   * @param isConditional whether `decide` depends on the version
   * @throws PhotosError `WRITE_CONTENTION`, and what `decide` or the repository throws
   */
  write<T>(workspaceId: WorkspaceId, isConditional: boolean, decide: Decide<T>): Promise<Outcome<T>> {
    return new Promise((resolve, reject) => {
      const line = this.#lines.get(workspaceId)
      if (line !== undefined && line.writes.length > this.#maxQueuedWrites) {
        throw writeContention(workspaceId)
      }
      const write: PendingWrite = {
        isConditional,
        decideOn(workspace) {
          const { result, ...decision } = decide(workspace)
          return { ...decision, succeed: (version) => resolve({ result, version }) }
        },
        fail: reject,
        lost: 0,
      }
      if (line === undefined) void this.#begin(workspaceId, { writes: [write], alone: 0, asksStore: false })
      else line.writes.push(write)
    })
  }

  async #begin(workspaceId: WorkspaceId, line: Line): Promise<void> {
    this.#lines.set(workspaceId, line)
    let left: Workspace | undefined
    while (line.writes.length > 0) left = await this.#round(workspaceId, line, left)
    this.#lines.delete(workspaceId)
  }

  /** Serves the first of those who wait; resolves to what it left, where the next round may begin with that. Never rejects. */
  async #round(
    workspaceId: WorkspaceId,
    line: Line,
    left: Workspace | undefined,
  ): Promise<Workspace | undefined> {
    // Only those who are here before the record is read may be told what it says.
    const writes = line.writes.slice(0, line.alone > 0 ? 1 : MAX_TOGETHER)
    const isStored = left === undefined && line.asksStore
    line.asksStore = true
    let before: Workspace
    try {
      before = left ?? (await this.#read(workspaceId, isStored))
    } catch (error) {
      for (const write of line.writes.splice(0, writes.length)) write.fail(error)
      return undefined
    }
    const draft = draftOf(before, writes, isStored)
    if (draft.workspace === before) {
      if (isStored) this.#settle(line, draft, before.version)
      return undefined
    }
    try {
      const version = await this.#store(workspaceId, draft.workspace)
      this.#settle(line, draft, version)
      return { ...draft.workspace, version }
    } catch (error) {
      await this.#failed(workspaceId, line, draft, isStored, error)
      return undefined
    }
  }

  async #failed(
    workspaceId: WorkspaceId,
    line: Line,
    draft: Draft,
    isStored: boolean,
    error: unknown,
  ): Promise<void> {
    if (isPhotosError(error, 'RECORD_TOO_LARGE') && draft.changes > 1) {
      line.alone = draft.verdicts.length
    } else if (isPhotosError(error, 'VERSION_CONFLICT')) {
      // What it began with was out of date; that tells nothing of the chances of the next attempt.
      if (isStored) await this.#lost(workspaceId, line, draft, error)
    } else if (isStored || !isPhotosError(error, 'RECORD_TOO_LARGE')) {
      this.#settle(line, draft, undefined, error)
    }
  }

  async #lost(workspaceId: WorkspaceId, line: Line, { verdicts }: Draft, error: unknown): Promise<void> {
    let mostLost = 0
    for (const { write } of verdicts) mostLost = Math.max(mostLost, ++write.lost)
    if (mostLost < this.#backoff.attempts) {
      await delay(backoffDelayMs(this.#backoff, mostLost, Math.random))
      return
    }
    const givenUp = verdicts.filter(({ write }) => write.lost >= this.#backoff.attempts)
    take(line, givenUp)
    for (const { write } of givenUp) write.fail(writeContention(workspaceId, error))
  }

  /** Tells the writes of a draft what became of it: it is this version, or it was not stored. */
  #settle(line: Line, { verdicts }: Draft, version: Version | undefined, failure?: unknown): void {
    take(line, verdicts)
    line.alone = Math.max(0, line.alone - verdicts.length)
    for (const verdict of verdicts) {
      if ('decision' in verdict && version !== undefined) verdict.decision.succeed(version)
      else if ('error' in verdict && (version !== undefined || verdict.isSure))
        verdict.write.fail(verdict.error)
      else verdict.write.fail(failure)
    }
  }

  async #read(workspaceId: WorkspaceId, fresh: boolean): Promise<Workspace> {
    let record = await this.#repository.read(workspaceId, fresh ? { fresh } : undefined)
    // The store could not be asked: better no write is sent to it, of which nobody would know whether it was made.
    if (record.stale === true) record = await this.#repository.read(workspaceId, { fresh: true })
    return parseRecord(workspaceId, record)
  }

  #store(workspaceId: WorkspaceId, { version, photos, receipts }: Workspace): Promise<Version> {
    const content = { photos: encodePhotos(photos), receipts: encodeReceipts(receipts) }
    return this.#repository.write(workspaceId, content, version)
  }
}

/** Takes those that are told now out of the line. */
function take(line: Line, verdicts: readonly Verdict[]): void {
  const told = new Set(verdicts.map(({ write }) => write))
  line.writes = line.writes.filter((write) => !told.has(write))
}

function parseRecord(workspaceId: WorkspaceId, { version, photos, receipts }: WorkspaceRecord): Workspace {
  try {
    return { version, photos: decodePhotos(photos), receipts: decodeReceipts(receipts) }
  } catch (error) {
    if (error instanceof PhotosError) throw error
    throw corruptRecord(workspaceId, 'is not a list of photos', error)
  }
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
