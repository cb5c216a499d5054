import {
  type Change,
  type ChangesOptions,
  invalidInput,
  isWorkspaceId,
  type PhotosError,
} from 'photos-domain'
import type { AnswerStream } from './answer-stream.js'
import { failureOf, notCouchdb, RequestFailure, toPhotosError } from './failure.js'
import { isObject } from './json.js'
import type { Node } from './node.js'
import type { Nodes } from './nodes.js'
import { pageOfChanges } from './pages.js'

export interface FeedOptions {
  /** How long one page of a feed that is not live may take. */
  readonly readTimeoutMs: number
  /** How often CouchDB is to send a line when there is nothing to tell. Without any for 2.5 times as long, the feed breaks. */
  readonly heartbeatMs: number
  /** How many rows to ask for at once when the feed is not live. */
  readonly pageSize: number
  /** Ends every live feed, and fails the others. */
  readonly closing: AbortSignal
}

/**
 * The feed of changes. https://docs.couchdb.org/en/stable/api/database/changes.html
 * @throws PhotosError `INVALID_INPUT` for a cursor that is none, and those of a read
 */
export async function* changes(
  nodes: Nodes,
  options: FeedOptions,
  { since, live = false, signal }: ChangesOptions,
): AsyncGenerator<Change, void, undefined> {
  const ending = signal === undefined ? options.closing : AbortSignal.any([signal, options.closing])
  try {
    const rows = live ? follow(nodes, options, since, ending) : pages(nodes, options, since, ending)
    for await (const change of rows) {
      if (signal?.aborted === true) return
      yield change
    }
  } catch (error) {
    if (signal?.aborted === true || (live && ending.aborted)) return
    throw feedError(error)
  }
}

function feedError(error: unknown): PhotosError {
  return error instanceof RequestFailure && error.kind === 'rejected'
    ? invalidInput([{ field: 'since', message: 'is not a cursor of this feed' }])
    : toPhotosError(error)
}

/** Page by page, until one is not full. */
async function* pages(
  nodes: Nodes,
  { readTimeoutMs: timeoutMs, pageSize }: FeedOptions,
  from: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Change, void, undefined> {
  for (let cursor = from ?? '0'; ; ) {
    const request = { limit: pageSize, timeoutMs, signal, style: 'main_only' } as const
    const since = cursor
    const rows = await nodes.run((node) => pageOfChanges(node, since, request), request)
    for (const row of rows) {
      const change = changeIn(row)
      cursor = change.cursor
      if (isWorkspaceId(change.workspaceId)) yield change
    }
    if (rows.length < pageSize) return
  }
}

/** Line by line, for ever; a blank line is a heartbeat. */
async function* follow(
  nodes: Nodes,
  { heartbeatMs }: FeedOptions,
  since: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Change, void, undefined> {
  const query = new URLSearchParams({
    feed: 'continuous',
    heartbeat: String(heartbeatMs),
    since: since ?? '0',
  })
  const path = `_changes?${query}`
  const { node, stream } = await nodes.run((node) => begun(node, path, heartbeatMs * 2.5, signal), { signal })
  try {
    for await (const line of linesOf(stream)) {
      const change = changeIn(parsed(line))
      if (isWorkspaceId(change.workspaceId)) yield change
    }
  } catch (error) {
    if (error instanceof RequestFailure) node.suspect(error)
    throw error
  }
  // CouchDB ends it when the database is deleted or the node shuts down.
  if (!signal.aborted) throw new RequestFailure('broken', 'the feed of changes has ended')
}

/** The lines that are not blank. */
async function* linesOf(stream: AnswerStream): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield line
  }
}

/** An answer that has begun well, and from which node. */
async function begun(
  node: Node,
  path: string,
  idleMs: number,
  signal: AbortSignal,
): Promise<{ readonly node: Node; readonly stream: AnswerStream }> {
  const stream = node.open(path, idleMs, signal)
  const status = await stream.status
  if (status === 200) return { node, stream }
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  let body: unknown
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    // The status says enough.
  }
  throw failureOf(status, body, undefined)
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw notCouchdb('a row of changes is not JSON', error)
  }
}

/** A row names the leaf that won: https://docs.couchdb.org/en/stable/api/database/changes.html, style `main_only`. */
function changeIn(row: unknown): Change {
  if (!isObject(row)) throw notCouchdb('a row of changes is no object')
  const { id, seq, changes } = row
  const winner: unknown = Array.isArray(changes) ? changes[0] : undefined
  const version = isObject(winner) ? winner['rev'] : undefined
  if (typeof id !== 'string' || typeof version !== 'string') {
    // The last line of a feed that ends: {"last_seq": …}.
    throw 'last_seq' in row
      ? new RequestFailure('broken', 'the feed of changes has ended')
      : notCouchdb('a row of changes has no id or no revision')
  }
  // A number from a PouchDB, a text from a cluster.
  if (typeof seq !== 'string' && typeof seq !== 'number') throw notCouchdb('a row of changes has no sequence')
  return { workspaceId: id, version, cursor: String(seq) }
}
