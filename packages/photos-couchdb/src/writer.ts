import {
  type PhotosError,
  type Version,
  versionConflict,
  type WorkspaceContent,
  type WorkspaceId,
  writeOutcomeUnknown,
} from 'photos-domain'
import { documentParts } from './document.js'
import {
  credentialsRefused,
  isCertainlyUndone,
  isTransient,
  notCouchdb,
  RequestFailure,
  toWriteError,
} from './failure.js'
import type { Outcome } from './gather.js'
import { isObject, type JsonObject } from './json.js'
import type { DatabaseAnswer } from './node.js'
import type { Nodes } from './nodes.js'

/** One document to write. */
export interface Write {
  readonly workspaceId: WorkspaceId
  /** Absent: the document is deleted. */
  readonly content: WorkspaceContent | undefined
  /** The revision that it follows; absent where there is none, or only a tombstone. */
  readonly parent: Version | undefined
}

export interface Written {
  readonly version: Version
  /** True when fewer copies than the quorum have it. */
  readonly isShort: boolean
}

export interface WriterOptions {
  /** How long one request may take. */
  readonly timeoutMs: number
}

/**
 * Writes batches of documents, each of another workspace, and all of one home ({@link Nodes.homeOf}): the writes to a document
 * that several processes make at once go through the same node. Its copies then mostly see them in the same order, and seldom
 * disagree on which came first.
 */
export class Writer {
  readonly #nodes: Nodes
  readonly #options: WriterOptions

  constructor(nodes: Nodes, options: WriterOptions) {
    this.#nodes = nodes
    this.#options = options
  }

  /** The outcome of each write, in their order. Errors are PhotosErrors. */
  async write(writes: readonly Write[]): Promise<Outcome<Written>[]> {
    try {
      const rows = rowsOf(await this.#send(writes))
      return writes.map((write) => outcomeOf(write, rows.get(write.workspaceId)))
    } catch (error) {
      // CouchDB refuses a whole request for one document that is too large or is not Unicode: nothing of it was written.
      if (writes.length > 1 && error instanceof RequestFailure && error.kind === 'rejected') {
        const middle = Math.ceil(writes.length / 2)
        return [...(await this.write(writes.slice(0, middle))), ...(await this.write(writes.slice(middle)))]
      }
      return writes.map(({ workspaceId }) => ({ error: toWriteError(workspaceId, error) }))
    }
  }

  /** https://docs.couchdb.org/en/stable/api/database/bulk-api.html#db-bulk-docs */
  #send(writes: readonly Write[]): Promise<DatabaseAnswer> {
    const body = bodyOf(writes)
    const { timeoutMs } = this.#options
    const [first] = writes
    return this.#nodes.run((node) => node.ask({ path: '_bulk_docs', body, timeoutMs }), {
      work: writes.length,
      ...(first === undefined ? {} : { home: this.#nodes.homeOf(first.workspaceId) }),
      mayRetry: (failure) => isTransient(failure) && isCertainlyUndone(failure),
    })
  }
}

/** What a write adds to the size of a request, in bytes; the small parts are estimated. */
export const weightOf = ({ content }: Write): number =>
  150 + (content?.photos.length ?? 0) + (content?.receipts?.length ?? 0)

function bodyOf(writes: readonly Write[]): Buffer {
  const parts: Uint8Array[] = []
  for (const { workspaceId, content, parent } of writes) {
    parts.push(parts.length === 0 ? BEGIN : COMMA, ...documentParts(workspaceId, content, parent))
  }
  parts.push(END)
  return Buffer.concat(parts)
}

const BEGIN = Buffer.from('{"docs":[')
const COMMA = Buffer.from(',')
const END = Buffer.from(']}')

/** The rows of an answer by their ids: `{ok, id, rev}`, `{ok, id, rev, accepted}` or `{id, error, reason}`. */
function rowsOf({ status, body }: DatabaseAnswer): Map<unknown, JsonObject> {
  if (!Array.isArray(body) || !body.every(isObject)) throw notCouchdb('it is not a list of rows')
  // A 202 says of each row whether it is short of the quorum; one that does not says it of all.
  const allAreShort = status === 202 && !body.some(({ accepted }) => accepted === true)
  return new Map(body.map((row) => [row['id'], allAreShort ? { ...row, accepted: true } : row]))
}

function outcomeOf({ workspaceId }: Write, row: JsonObject | undefined): Outcome<Written> {
  if (row === undefined)
    return { error: writeOutcomeUnknown(workspaceId, notCouchdb('it has no row for the document')) }
  const { rev, error, accepted } = row
  if (error !== undefined) return { error: rowError(workspaceId, row) }
  if (typeof rev !== 'string')
    return { error: writeOutcomeUnknown(workspaceId, notCouchdb('a row has no revision')) }
  return { value: { version: rev, isShort: accepted === true } }
}

function rowError(workspaceId: WorkspaceId, { error, reason }: JsonObject): PhotosError {
  if (error === 'conflict') return versionConflict(workspaceId)
  if (error === 'forbidden' || error === 'unauthorized') {
    return credentialsRefused(`the write to workspace ${workspaceId} is refused: ${reason}`)
  }
  return writeOutcomeUnknown(
    workspaceId,
    new RequestFailure('failed', `CouchDB answered ${error}, ${reason}`),
  )
}
