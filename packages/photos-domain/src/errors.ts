/** One thing wrong with one field of an input. */
export interface InvalidField {
  /** Where: dotted, from the input's root, e.g. `url` or `photos.3.description`; empty for the input itself. */
  readonly field: string
  /** What is wrong with it, for a person. */
  readonly message: string
}

/** Every code a {@link PhotosError} can carry. Codes are stable: clients may depend on them. */
export type PhotosErrorCode =
  | 'INVALID_INPUT'
  | 'PHOTO_NOT_FOUND'
  | 'WORKSPACE_FULL'
  | 'PRECONDITION_FAILED'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'VERSION_CONFLICT'
  | 'WRITE_CONTENTION'
  | 'RECORD_TOO_LARGE'
  | 'REPOSITORY_UNAVAILABLE'
  | 'REPOSITORY_OVERLOADED'
  | 'WRITE_OUTCOME_UNKNOWN'
  | 'QUORUM_NOT_MET'
  | 'CREDENTIALS_REFUSED'
  | 'CORRUPT_RECORD'

export interface PhotosErrorOptions {
  readonly cause?: unknown
  /** When it is worth trying again, in milliseconds from now. */
  readonly retryAfterMs?: number
  /** The fields at fault, for `INVALID_INPUT`. */
  readonly fields?: readonly InvalidField[]
}

/** The one error class of the domain and of every repository; `code` tells what happened. */
export class PhotosError extends Error {
  override readonly name = 'PhotosError'
  readonly code: PhotosErrorCode
  readonly retryAfterMs: number | undefined
  readonly fields: readonly InvalidField[]

  constructor(code: PhotosErrorCode, message: string, options: PhotosErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryAfterMs = options.retryAfterMs
    this.fields = options.fields ?? []
  }
}

/**
 * Whether `error` is a {@link PhotosError}, of the given code if one is given. It goes by the name and not by
 * `instanceof`, so it holds when two copies of this package are loaded.
 */
export function isPhotosError<C extends PhotosErrorCode = PhotosErrorCode>(
  error: unknown,
  code?: C,
): error is PhotosError & { readonly code: C } {
  return (
    error instanceof Error &&
    error.name === 'PhotosError' &&
    'code' in error &&
    (code === undefined || error.code === code)
  )
}

export const invalidInput = (fields: readonly InvalidField[]): PhotosError =>
  new PhotosError(
    'INVALID_INPUT',
    fields.map(({ field, message }) => (field === '' ? message : `${field} ${message}`)).join('; '),
    { fields },
  )

export const photoNotFound = (workspaceId: string, photoId: string): PhotosError =>
  new PhotosError('PHOTO_NOT_FOUND', `workspace ${workspaceId} has no photo ${photoId}`)

export const workspaceFull = (workspaceId: string, maxPhotos: number): PhotosError =>
  new PhotosError(
    'WORKSPACE_FULL',
    `workspace ${workspaceId} already holds ${maxPhotos} photos, the most it may`,
  )

export const preconditionFailed = (workspaceId: string): PhotosError =>
  new PhotosError(
    'PRECONDITION_FAILED',
    `workspace ${workspaceId} is at another version than the request expects`,
  )

export const idempotencyKeyReused = (): PhotosError =>
  new PhotosError('IDEMPOTENCY_KEY_REUSED', 'this Idempotency-Key was used before with another body')

/** A conditional write found another version than it expected; nothing was written. */
export const versionConflict = (workspaceId: string, cause?: unknown): PhotosError =>
  new PhotosError('VERSION_CONFLICT', `workspace ${workspaceId} has moved on from the expected version`, {
    cause,
  })

export const writeContention = (workspaceId: string, cause?: unknown): PhotosError =>
  new PhotosError('WRITE_CONTENTION', `workspace ${workspaceId} is being written by too many at once`, {
    cause,
    retryAfterMs: 1000,
  })

/** The store cannot be reached or does not answer in time. For a write: it was certainly not made. */
export const repositoryUnavailable = (message: string, cause?: unknown): PhotosError =>
  new PhotosError('REPOSITORY_UNAVAILABLE', message, { cause, retryAfterMs: 1000 })

/** A write was sent and its answer was lost: it may have been made, or not. Read before trying again. */
export const writeOutcomeUnknown = (workspaceId: string, cause?: unknown): PhotosError =>
  new PhotosError(
    'WRITE_OUTCOME_UNKNOWN',
    `it is not known whether the write to workspace ${workspaceId} was made`,
    {
      cause,
      retryAfterMs: 1000,
    },
  )

/** What is stored under the id is not a workspace record. It is an error of its own, never an empty list. */
export const corruptRecord = (workspaceId: string, why: string, cause?: unknown): PhotosError =>
  new PhotosError('CORRUPT_RECORD', `the stored record of workspace ${workspaceId} ${why}`, { cause })
