import {
  invalidInput,
  PhotosError,
  type PhotosErrorOptions,
  repositoryUnavailable,
  writeOutcomeUnknown,
} from 'photos-domain'

/**
 * What went wrong with one request to one node:
 * - `unreachable`: there was no connection, or none was free; the request was not sent.
 * - `broken`: the connection was lost, or the answer is not what CouchDB answers.
 * - `timeout`: no answer in time.
 * - `aborted`: nobody waits for the answer any more.
 * - `oversized`: the answer is larger than was allowed.
 * - `overloaded`: 429. `failed`: 5xx.
 * - `credentials`: 401 or 403.
 * - `missing`: 404, there is no such database or document.
 * - `rejected`: any other 4xx, the request itself is at fault.
 */
export type FailureKind =
  | 'unreachable'
  | 'broken'
  | 'timeout'
  | 'aborted'
  | 'oversized'
  | 'overloaded'
  | 'failed'
  | 'credentials'
  | 'missing'
  | 'rejected'

export interface RequestFailureOptions {
  readonly cause?: unknown
  /** The HTTP status, where there was one. */
  readonly status?: number | undefined
  /** What the answer told as `error`, e.g. `document_too_large`. */
  readonly error?: string | undefined
  /** What the answer told as `reason`. */
  readonly reason?: string | undefined
  /** What the Retry-After header told. */
  readonly retryAfterMs?: number | undefined
}

/** The failure of one request to one node. It never leaves this package: callers get a PhotosError. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure'
  readonly kind: FailureKind
  readonly status: number | undefined
  readonly error: string | undefined
  readonly reason: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(kind: FailureKind, message: string, options: RequestFailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.status = options.status
    this.error = options.error
    this.reason = options.reason
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Whether the node itself is in doubt, and not the request. */
export const isNodeFault = ({ kind }: RequestFailure): boolean =>
  kind === 'unreachable' || kind === 'broken' || kind === 'timeout'

/** Whether another attempt, at another node or later, may do better. */
export const isTransient = (failure: RequestFailure): boolean =>
  isNodeFault(failure) || failure.kind === 'overloaded' || failure.kind === 'failed'

/** Whether the node certainly did nothing: the request never left, or was refused as a whole. */
export const isCertainlyUndone = ({ kind }: RequestFailure): boolean =>
  kind === 'unreachable' ||
  kind === 'overloaded' ||
  kind === 'credentials' ||
  kind === 'missing' ||
  kind === 'rejected'

/** The failure of an answer that is not one that CouchDB gives. */
export const notCouchdb = (what: string, cause?: unknown): RequestFailure =>
  new RequestFailure('broken', `the answer is not CouchDB's: ${what}`, { cause })

/** The failure that an answer with an error status tells. `body` is the parsed JSON, if it was JSON. */
export function failureOf(status: number, body: unknown, retryAfter: string | undefined): RequestFailure {
  const { error, reason } = errorIn(body)
  const text = [`CouchDB answered ${status}`, error, reason].filter((part) => part !== undefined).join(', ')
  return new RequestFailure(kindOf(status), text, { status, error, reason, retryAfterMs: toMs(retryAfter) })
}

function kindOf(status: number): FailureKind {
  if (status === 401 || status === 403) return 'credentials'
  if (status === 404) return 'missing'
  if (status === 429) return 'overloaded'
  if (status >= 500) return 'failed'
  // CouchDB gives 412 `nodedown` for a shard none of whose copies can be reached.
  if (status === 412) return 'failed'
  return status >= 400 ? 'rejected' : 'broken'
}

function errorIn(body: unknown): { readonly error?: string; readonly reason?: string } {
  if (typeof body !== 'object' || body === null) return {}
  const error: unknown = Reflect.get(body, 'error')
  const reason: unknown = Reflect.get(body, 'reason')
  return {
    ...(typeof error === 'string' ? { error } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
  }
}

/** Retry-After in seconds (RFC 9110, section 10.2.3); a date is not used by anything that stands before a CouchDB. */
function toMs(retryAfter: string | undefined): number | undefined {
  const seconds = Number(retryAfter)
  return retryAfter !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined
}

/** What a caller of anything but a write is told of a failure. */
export function toPhotosError(error: unknown): PhotosError {
  if (error instanceof PhotosError) return error
  if (!(error instanceof RequestFailure)) return repositoryUnavailable('CouchDB could not be asked', error)
  switch (error.kind) {
    case 'overloaded':
    case 'failed':
      return overloaded(error.message, error)
    case 'credentials':
      return credentialsRefused(error.message, error)
    default:
      return repositoryUnavailable(error.message, error)
  }
}

/** What the caller of a write is told of the failure of the request that it went with, all alone. */
export function toWriteError(workspaceId: string, error: unknown): PhotosError {
  if (error instanceof PhotosError) return error
  if (!(error instanceof RequestFailure) || !isCertainlyUndone(error)) {
    return writeOutcomeUnknown(workspaceId, error)
  }
  if (error.status === 413) return recordTooLarge(workspaceId, error)
  if (error.kind === 'rejected') {
    return invalidInput([{ field: '', message: `is refused: ${error.message}` }])
  }
  return toPhotosError(error)
}

export const overloaded = (message: string, cause?: unknown): PhotosError => {
  const retryAfterMs = cause instanceof RequestFailure ? (cause.retryAfterMs ?? 1000) : 1000
  return new PhotosError('REPOSITORY_OVERLOADED', message, {
    cause,
    retryAfterMs,
  } satisfies PhotosErrorOptions)
}

export const credentialsRefused = (message: string, cause?: unknown): PhotosError =>
  new PhotosError('CREDENTIALS_REFUSED', message, { cause })

const recordTooLarge = (workspaceId: string, cause: unknown): PhotosError =>
  new PhotosError('RECORD_TOO_LARGE', `the record of workspace ${workspaceId} is larger than CouchDB takes`, {
    cause,
  })

/** Fewer copies than the quorum stored the write: it is there now, and may be lost. */
export const quorumNotMet = (workspaceId: string): PhotosError =>
  new PhotosError(
    'QUORUM_NOT_MET',
    `the write to workspace ${workspaceId} reached fewer copies than the quorum, and may be lost`,
    { retryAfterMs: 1000 },
  )
