import type { WorkspaceId } from './model.js'
import type { Version } from './version.js'

/** A value, or a promise of it. `await` takes both; a store that answers from memory need not make a promise. */
export type Awaitable<T> = T | Promise<T>

/** What is stored of one workspace. The bytes are shared: nobody changes them once they are in a record. */
export interface WorkspaceContent {
  /** The photos, newest first, as the UTF-8 JSON array that clients are sent, written by `encodePhotos`. */
  readonly photos: Uint8Array
  /** The receipts of recent idempotent writes, written by `encodeReceipts`; absent when there are none. */
  readonly receipts?: Uint8Array | undefined
}

/**
 * One workspace as a repository or a cache answered it. Its `photos` may be a getter of its class: `{ ...record }` and a structured clone
 * lose it.
 */
export interface WorkspaceRecord extends WorkspaceContent {
  readonly version: Version
  /** The bytes of `photos` as a text, a character for each, where the store has it at hand: it is sent without a copy (`photosTextOf`). */
  readonly photosText?: string | undefined
  /** What the cache tiers on the way have to say, as an RFC 9211 Cache-Status value; absent when there are none. */
  readonly cacheStatus?: string | undefined
  /** True only for what a cache served past its freshness because the store could not be asked. */
  readonly stale?: boolean | undefined
}

export interface ReadOptions {
  /** Read past every cache, from the store itself. */
  readonly fresh?: boolean | undefined
  /** Gives up waiting: the read rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** One workspace has a new version. */
export interface Change {
  readonly workspaceId: WorkspaceId
  readonly version: Version
  /** Resumes the feed after this change, in any repository on the same store: an opaque text of the store's own. */
  readonly cursor: string
}

export interface ChangesOptions {
  /**
   * The cursor of the last change that was consumed; `now` for those to come; absent for all there are. From `now`, all is told that is
   * written once the feed is live; what was written just before may be told again by a store whose copies lag.
   */
  readonly since?: string | undefined
  /** True: wait for further changes, until the signal aborts. False or absent: end when caught up. */
  readonly live?: boolean | undefined
  /** Ends the feed without an error. */
  readonly signal?: AbortSignal | undefined
}

export interface ScanOptions {
  /** Only workspaces whose id is above this one. */
  readonly after?: WorkspaceId | undefined
  /** Ends the scan without an error. */
  readonly signal?: AbortSignal | undefined
}

export interface RepositoryStatus {
  /** What stores the records, for a person: `lmdb`, `couchdb 3.5.0`. */
  readonly engine: string
  /** How many workspaces have a record, emptied ones included. */
  readonly workspaces: number
  /** How much the store takes on disk. */
  readonly bytes: number
}

/**
 * Where workspaces are stored. Every implementation passes the suite of `photos-contract`; each rule here is a test there.
 *
 * - **Absence.** A workspace that was never written reads as `[]` at version `0` ({@link NEVER_WRITTEN}).
 * - **Versions only grow.** Each write gives a version above every earlier one of that workspace
 *   (`compareVersions`), also when it empties the list: a version never comes back with other bytes.
 * - **Conditional writes.** `write` succeeds only if the record is at `expected` at that instant, so of
 *   many writers with the same `expected` one wins, and no update is lost.
 * - **Durability.** A write that resolved survives the death of every process.
 * - **Read your writes.** A read that starts after a write resolved, in the same process, sees that version or a later one; a
 *   `fresh` read does so whoever wrote. It never shares an answer that was asked for before the write resolved.
 * - **Same bytes.** What was written is read back byte for byte, receipts included. A record's bytes stay as they are
 *   for as long as somebody holds it. Writing the same content again gives a new version all the same.
 * - **Outage is not absence.** A store that cannot answer rejects with `REPOSITORY_UNAVAILABLE` or another coded
 *   error, and never with "not found", an empty list or a version. A scan or a feed that an outage or `close` cuts
 *   short rejects: ending quietly would say that it was complete. `close` itself resolves.
 * - **One attempt.** A repository repeats a write by itself only when it is certain that the earlier attempt was not made;
 *   otherwise it rejects with `WRITE_OUTCOME_UNKNOWN`.
 * - **Callers are independent.** Aborting one read, or failing it, leaves others of the same workspace alone.
 *
 * Ids reach a repository only after they were checked against `WORKSPACE_ID_PATTERN`. All errors are `PhotosError`.
 */
export interface PhotoRepository {
  /**
   * The record of a workspace.
   * @throws PhotosError `REPOSITORY_UNAVAILABLE`, `REPOSITORY_OVERLOADED`, `CREDENTIALS_REFUSED`, `CORRUPT_RECORD`
   */
  read(workspaceId: WorkspaceId, options?: ReadOptions): Awaitable<WorkspaceRecord>

  /**
   * Replaces the content if the record is at `expected` (`0`: it was never written); resolves, once the write is durable,
   * to the new version.
   * @throws PhotosError `VERSION_CONFLICT` (nothing was written), `RECORD_TOO_LARGE`, `WRITE_OUTCOME_UNKNOWN`,
   *   `QUORUM_NOT_MET`, and those of `read`
   */
  write(workspaceId: WorkspaceId, content: WorkspaceContent, expected: Version): Promise<Version>

  /**
   * The feed of changes made by anyone, in any process. Every workspace's latest version is told at least once; versions
   * in between may be skipped and rows may repeat, so consumers must be idempotent. With `since` absent it names
   * every workspace there is. A feed that is not live ends with what the store shows by then: where copies lag, that may be a
   * little less than was acknowledged, and what is missing follows its last cursor. It fails with `REPOSITORY_UNAVAILABLE`
   * when it breaks; resume it from the last cursor.
   */
  changes(options?: ChangesOptions): AsyncIterable<Change>

  /**
   * Every workspace with its record, ascending by id in byte order; resume it with `after`. What is written during the scan
   * may or may not be seen; where copies lag, so may what was first written just before it.
   */
  scan(
    options?: ScanOptions,
  ): AsyncIterable<{ readonly workspaceId: WorkspaceId; readonly record: WorkspaceRecord }>

  /** Resolves if reads and writes can be served now. @throws PhotosError as `read` does */
  ready(): Promise<void>

  /**
   * How full the store is; where copies lag, as one of them has it. It may cost a little: not for every request.
   * @throws PhotosError as `read` does
   */
  status(): Promise<RepositoryStatus>

  /**
   * Finishes the writes under way, then lets go of everything. Afterwards every method rejects with
   * `REPOSITORY_UNAVAILABLE`, and live feeds have ended. Closing twice is closing once.
   */
  close(): Promise<void>
}
