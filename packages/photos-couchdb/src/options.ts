import type { Credentials } from './addresses.js'

export interface CouchdbOptions {
  /**
   * The database by the URL of each node, `http://host:5984/database`; all name the same database. Credentials may stand in
   * the URLs: `http://name:password@host:5984/database`.
   */
  readonly urls: readonly string[]
  /** The account, where it does not stand in the URLs. A member of the database is enough. */
  readonly credentials?: Credentials | undefined
  /**
   * How many reading requests may be under way at once, over all nodes. Default 2, and one more for each further node. Beside
   * others, a request leaves only when it is as large as the smallest of them.
   */
  readonly maxReadsInFlight?: number | undefined
  /** How many workspaces one request may read. Default 128. */
  readonly maxReadBatch?: number | undefined
  /**
   * How many writing requests may be under way at once, over all nodes, and at least one for each. Default one a node: a request costs
   * CouchDB far more than a document in it, so what comes meanwhile goes together. Each workspace has a node that its writes go
   * to, which is the same in every process that names the same nodes.
   */
  readonly maxWritesInFlight?: number | undefined
  /** How many workspaces one request may write. Default 512. */
  readonly maxWriteBatch?: number | undefined
  /** How many reads, and how many writes, may wait; one more is `REPOSITORY_OVERLOADED`. Default 10,000. */
  readonly maxWaiting?: number | undefined
  /** How long a read may take, retries included. Default 5,000. */
  readonly readTimeoutMs?: number | undefined
  /** How long a read waits for one node before it tries another. Default 2,000. */
  readonly attemptTimeoutMs?: number | undefined
  /** How long a write may take. Default 10,000. */
  readonly writeTimeoutMs?: number | undefined
  /** How long connecting to a node may take. Default 1,000. */
  readonly connectTimeoutMs?: number | undefined
  /** With no node that serves, how long requests wait for one; after that, all fail at once. Default 1,000. */
  readonly graceMs?: number | undefined
  /** How often each of several nodes is asked for `/_up`. Default 5,000. */
  readonly upIntervalMs?: number | undefined
  /** How often the live feed of changes gives a sign of life; it breaks after 2.5 times as long without. Default 10,000. */
  readonly heartbeatMs?: number | undefined
  /** How many rows a page of a scan, or of a feed that is not live, has. Default 500. */
  readonly pageSize?: number | undefined
  /** Called at each read that finds a document with conflicting revisions, with how many lost. */
  readonly onConflict?: ((workspaceId: string, losers: number) => void) | undefined
}

/** An answer to a batch that is larger than this is not waited for: its workspaces are read one by one. */
export const MAX_READ_BATCH_BYTES = 32 * 1024 * 1024
/** What one request may write, in bytes; a larger document goes alone. */
export const MAX_WRITE_BATCH_BYTES = 4 * 1024 * 1024
/** How many workspaces of one batch are read at once when they are read one by one. */
export const MAX_SINGLES_IN_FLIGHT = 16

/** The options with the defaults for those that were not given. */
export function withDefaults(options: CouchdbOptions) {
  return {
    maxReadsInFlight: options.maxReadsInFlight ?? 1 + options.urls.length,
    maxReadBatch: options.maxReadBatch ?? 128,
    maxWritesInFlight: options.maxWritesInFlight ?? options.urls.length,
    maxWriteBatch: options.maxWriteBatch ?? 512,
    maxWaiting: options.maxWaiting ?? 10_000,
    readTimeoutMs: options.readTimeoutMs ?? 5000,
    attemptTimeoutMs: options.attemptTimeoutMs ?? 2000,
    writeTimeoutMs: options.writeTimeoutMs ?? 10_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 1000,
    graceMs: options.graceMs ?? 1000,
    upIntervalMs: options.upIntervalMs ?? 5000,
    heartbeatMs: options.heartbeatMs ?? 10_000,
    pageSize: options.pageSize ?? 500,
  }
}
