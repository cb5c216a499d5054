import {
  type Change,
  type ChangesOptions,
  invalidInput,
  isPhotosError,
  isWorkspaceId,
  NEVER_WRITTEN,
  type PhotoRepository,
  type PhotosError,
  type ReadOptions,
  type RepositoryStatus,
  repositoryUnavailable,
  type ScanOptions,
  type Version,
  versionConflict,
  type WorkspaceContent,
  type WorkspaceId,
  type WorkspaceRecord,
  writeOutcomeUnknown,
} from 'photos-domain'
import { changes } from './changes.js'
import type { Stored } from './document.js'
import { overloaded, toPhotosError } from './failure.js'
import { Gather } from './gather.js'
import type { NodeMetrics, Nodes } from './nodes.js'
import { openNodes } from './open-nodes.js'
import {
  type CouchdbOptions,
  MAX_READ_BATCH_BYTES,
  MAX_SINGLES_IN_FLIGHT,
  MAX_WRITE_BATCH_BYTES,
  withDefaults,
} from './options.js'
import { Reader } from './reader.js'
import { ContestedWorkspaces, RecentRevisions } from './recent.js'
import { scan } from './scan.js'
import { Settler } from './settle.js'
import { statusOf } from './status.js'
import { type Write, Writer, type Written, weightOf } from './writer.js'

/** What a repository has done since it was opened, and how its nodes are doing. */
export interface CouchdbMetrics {
  /** Workspaces read, and the requests that they were read with. */
  readonly reads: number
  readonly readBatches: number
  /** Workspaces written, and the requests that they were written with. */
  readonly writes: number
  readonly writeBatches: number
  /** Reads that found conflicting revisions. */
  readonly conflicts: number
  /** Writes that fewer copies than the quorum accepted at first. */
  readonly shortWrites: number
  /** Requests that were made again after a failure. */
  readonly retries: number
  /** Reads and writes that have not left yet. */
  readonly waiting: number
  readonly nodes: readonly NodeMetrics[]
}

/** Opens the repository. Nothing is asked of CouchDB yet. @throws TypeError for URLs that cannot be right */
export const openCouchdbRepository = (options: CouchdbOptions): CouchdbRepository =>
  new CouchdbRepository(options)

/** A PhotoRepository on CouchDB that gathers reads and writes into batches. */
export class CouchdbRepository implements PhotoRepository {
  readonly #settings: ReturnType<typeof withDefaults>
  readonly #nodes: Nodes
  readonly #reader: Reader
  readonly #reads: Gather<WorkspaceId, Stored>
  /** By the home of the workspace. */
  readonly #writes: readonly Gather<Write, Written>[]
  readonly #settler: Settler
  readonly #recent = new RecentRevisions()
  readonly #contested = new ContestedWorkspaces()
  readonly #writing = new Set<Promise<unknown>>()
  readonly #closing = new AbortController()
  readonly #counts = { reads: 0, readBatches: 0, writes: 0, writeBatches: 0, conflicts: 0, shortWrites: 0 }
  #closed: Promise<void> | undefined

  constructor(options: CouchdbOptions) {
    const settings = withDefaults(options)
    const { maxWaiting, attemptTimeoutMs, writeTimeoutMs } = settings
    this.#settings = settings
    this.#nodes = openNodes(options)
    const readerOptions = {
      attemptTimeoutMs,
      maxBatchBytes: MAX_READ_BATCH_BYTES,
      maxSinglesInFlight: MAX_SINGLES_IN_FLIGHT,
    }
    this.#reader = new Reader(this.#nodes, readerOptions, (workspaceId, losers) => {
      this.#counts.conflicts++
      options.onConflict?.(workspaceId, losers)
    })
    const writer = new Writer(this.#nodes, { timeoutMs: writeTimeoutMs })
    this.#settler = new Settler(this.#nodes, writer, { attemptTimeoutMs, looks: 8 })
    this.#reads = new Gather<WorkspaceId, Stored>({
      maxInFlight: settings.maxReadsInFlight,
      maxBatch: settings.maxReadBatch,
      maxWaiting,
      timeoutMs: settings.readTimeoutMs,
      send: (workspaceIds, signal) => {
        this.#counts.reads += workspaceIds.length
        this.#counts.readBatches++
        return this.#reader.read(workspaceIds, signal)
      },
      refusal: () => overloaded(`${maxWaiting} reads are waiting already`),
      expiry: () => repositoryUnavailable(`CouchDB did not answer within ${settings.readTimeoutMs} ms`),
    })
    const { homes } = this.#nodes
    this.#writes = Array.from({ length: homes }, () => {
      return this.#gatherWrites(writer, {
        maxInFlight: Math.max(1, Math.floor(settings.maxWritesInFlight / homes)),
        maxWaiting: Math.ceil(maxWaiting / homes),
      })
    })
  }

  async read(
    workspaceId: WorkspaceId,
    { fresh = false, signal }: ReadOptions = {},
  ): Promise<WorkspaceRecord> {
    this.#check(workspaceId)
    const readAtMs = performance.now()
    let stored: Stored
    if (fresh) {
      const loss = this.#contested.lastLoss(workspaceId)
      const isSettled = loss !== undefined && (await this.#settled(workspaceId))
      // What has been sent already may have been overtaken by a write of another process.
      stored = await this.#reads.ask(workspaceId, workspaceId, { join: 'waiting', signal })
      if (stored.losers > 0) {
        await this.#settled(workspaceId)
        stored = await this.#reads.ask(workspaceId, workspaceId, { join: 'waiting', signal })
      }
      if (isSettled) this.#contested.settle(workspaceId, loss)
    } else stored = await this.#reads.ask(workspaceId, workspaceId, { join: 'any', signal })
    this.#recent.keepRead(workspaceId, stored, readAtMs)
    return stored.record
  }

  async write(workspaceId: WorkspaceId, content: WorkspaceContent, expected: Version): Promise<Version> {
    this.#check(workspaceId)
    const writing = this.#write(workspaceId, content, expected)
    this.#writing.add(writing)
    try {
      return await writing
    } finally {
      this.#writing.delete(writing)
    }
  }

  changes(options: ChangesOptions = {}): AsyncIterable<Change> {
    return this.#whileOpen(() =>
      changes(this.#nodes, { ...this.#settings, closing: this.#closing.signal }, options),
    )
  }

  scan(
    options: ScanOptions = {},
  ): AsyncIterable<{ readonly workspaceId: WorkspaceId; readonly record: WorkspaceRecord }> {
    const settings = { ...this.#settings, closing: this.#closing.signal }
    return this.#whileOpen(() => scan(this.#nodes, this.#reader, settings, options))
  }

  async ready(): Promise<void> {
    this.#checkOpen()
    const { attemptTimeoutMs: timeoutMs } = this.#settings
    try {
      // It takes the database to be there and the credentials to be right, which `/_up` does not tell.
      await this.#nodes.run((node) => node.ask({ path: '', timeoutMs }))
    } catch (error) {
      throw toPhotosError(error)
    }
  }

  async status(): Promise<RepositoryStatus> {
    this.#checkOpen()
    try {
      return await this.#nodes.run((node) => statusOf(node, this.#settings.attemptTimeoutMs))
    } catch (error) {
      throw toPhotosError(error)
    }
  }

  get metrics(): CouchdbMetrics {
    return {
      ...this.#counts,
      retries: this.#nodes.retries,
      waiting: this.#writes.reduce((sum, { waiting }) => sum + waiting, this.#reads.waiting),
      nodes: this.#nodes.metrics,
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  #gatherWrites(
    writer: Writer,
    { maxInFlight, maxWaiting }: { readonly maxInFlight: number; readonly maxWaiting: number },
  ): Gather<Write, Written> {
    const { maxWriteBatch, writeTimeoutMs } = this.#settings
    return new Gather<Write, Written>({
      maxInFlight,
      maxBatch: maxWriteBatch,
      maxBatchWeight: MAX_WRITE_BATCH_BYTES,
      weigh: weightOf,
      maxWaiting,
      timeoutMs: writeTimeoutMs,
      send: (writes) => {
        this.#counts.writes += writes.length
        this.#counts.writeBatches++
        return writer.write(writes)
      },
      refusal: () => overloaded(`${maxWaiting} writes are waiting already`),
      expiry: ({ workspaceId }, sent) =>
        sent
          ? writeOutcomeUnknown(workspaceId)
          : repositoryUnavailable(`the write could not be sent within ${writeTimeoutMs} ms`),
    })
  }

  async #write(workspaceId: WorkspaceId, content: WorkspaceContent, expected: Version): Promise<Version> {
    const { parent, readAtMs } = await this.#basisFor(workspaceId, expected)
    try {
      const writes = this.#writes[this.#nodes.homeOf(workspaceId)]
      if (writes === undefined) throw new Error('every workspace has a home')
      const written = await writes.ask(workspaceId, { workspaceId, content, parent }, { join: 'none' })
      const version = written.isShort
        ? await this.#settle(workspaceId, content, written.version)
        : written.version
      this.#recent.keep(workspaceId, { version, readAtMs })
      return version
    } catch (error) {
      if (this.#nodes.homes > 1 && isPhotosError(error, 'VERSION_CONFLICT')) this.#contested.add(workspaceId)
      throw error
    } finally {
      // Whether it was made or not: from here on, no read joins one that was sent before.
      this.#reads.outdate(workspaceId)
    }
  }

  /**
   * The revision that a write must name as its parent, and when it was read. CouchDB takes a write without a parent where there is no
   * document or a tombstone, and only there; it refuses a tombstone as a parent; and where there is no document it may take any parent. So
   * what stands at the expected version has to be known. It is from the read that the caller made up its mind by, or from the write
   * before; where it is not, it is read.
   */
  async #basisFor(workspaceId: WorkspaceId, expected: Version): Promise<Basis> {
    if (expected === NEVER_WRITTEN) return { parent: undefined, readAtMs: performance.now() }
    const known = this.#recent.take(workspaceId)
    if (known?.version === expected) return { parent: expected, readAtMs: known.readAtMs }
    const readAtMs = performance.now()
    let stored = await this.#reads.ask(workspaceId, workspaceId, { join: 'waiting' })
    if (stored.losers > 0) {
      // Of leaves beside each other one may be about to be taken back: nothing is built on them.
      await this.#settler.resolve(workspaceId)
      stored = await this.#reads.ask(workspaceId, workspaceId, { join: 'waiting' })
    }
    if (stored.record.version !== expected) throw versionConflict(workspaceId)
    return { parent: stored.isDeleted ? undefined : expected, readAtMs }
  }

  /**
   * Waits until what the copies of a cluster disagree about is settled: a read that follows a conflict, or that finds one, could else
   * tell of a write that is about to be taken back, and an idempotent write be answered with a photo that will not stay. Where it
   * cannot be found out, the read itself tells why.
   * @returns whether it was found out
   */
  async #settled(workspaceId: WorkspaceId): Promise<boolean> {
    try {
      await this.#settler.resolve(workspaceId)
      return true
    } catch {
      return false
    }
  }

  #settle(workspaceId: WorkspaceId, content: WorkspaceContent, version: Version): Promise<Version> {
    this.#counts.shortWrites++
    return this.#settler.settle({ workspaceId, content, version })
  }

  async *#whileOpen<T>(iterate: () => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    this.#checkOpen()
    yield* iterate()
  }

  #check(workspaceId: WorkspaceId): void {
    this.#checkOpen()
    // Ids become paths: one that is none could name anything on the server.
    if (!isWorkspaceId(workspaceId)) {
      throw invalidInput([{ field: 'workspaceId', message: 'is not the id of a workspace' }])
    }
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw closedError()
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#writing)
    this.#closing.abort(closedError())
    this.#reads.fail(closedError())
    await this.#nodes.close()
  }
}

/** What a write is put on top of. */
interface Basis {
  /** Absent: there is no document, or a tombstone. */
  readonly parent: Version | undefined
  /** When that was read, on the clock of `performance.now()`. */
  readonly readAtMs: number
}

const closedError = (): PhotosError => repositoryUnavailable('the repository is closed')
