import { STATUS_CODES } from 'node:http'
import { isPhotosError, type PhotosErrorCode } from 'photos-domain'
import Type, { type Static } from 'typebox'

/** RFC 9457 problem details. `code` is stable; `errors` names the fields at fault. */
export const Problem = Type.Object(
  {
    type: Type.Literal('about:blank'),
    title: Type.String({ description: 'The phrase of the status code.' }),
    status: Type.Integer(),
    code: Type.String({ description: 'What happened, for programs.', examples: ['PHOTO_NOT_FOUND'] }),
    detail: Type.String({ description: 'What happened, for people.' }),
    requestId: Type.Optional(Type.String({ description: 'Finds the request in the logs.' })),
    errors: Type.Optional(
      Type.Array(Type.Object({ field: Type.String(), detail: Type.String() }), {
        description: 'Every field at fault.',
      }),
    ),
  },
  { description: 'What went wrong (RFC 9457).' },
)
export type Problem = Static<typeof Problem>

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8'

const STATUS_OF: Record<PhotosErrorCode, number> = {
  INVALID_INPUT: 400,
  PHOTO_NOT_FOUND: 404,
  WORKSPACE_FULL: 409,
  PRECONDITION_FAILED: 412,
  RECORD_TOO_LARGE: 413,
  IDEMPOTENCY_KEY_REUSED: 422,
  CORRUPT_RECORD: 500,
  CREDENTIALS_REFUSED: 503,
  QUORUM_NOT_MET: 503,
  REPOSITORY_OVERLOADED: 503,
  REPOSITORY_UNAVAILABLE: 503,
  VERSION_CONFLICT: 503,
  WRITE_CONTENTION: 503,
  WRITE_OUTCOME_UNKNOWN: 503,
}

/** What a client is told of a fault that is ours: never the message of the error itself. */
const DETAIL_OF_OUR_FAULT: Partial<Record<PhotosErrorCode, string>> = {
  CREDENTIALS_REFUSED: 'the store cannot be used now',
  QUORUM_NOT_MET:
    'the write is not certain yet: read before trying again, or repeat it with the same Idempotency-Key',
  REPOSITORY_OVERLOADED: 'the store has too much to do now',
  REPOSITORY_UNAVAILABLE: 'the store cannot be reached now',
  WRITE_OUTCOME_UNKNOWN:
    'it is not known whether the write was made: read before trying again, or repeat it with the same Idempotency-Key',
}

/** Codes of the framework's errors that a client can cause (https://fastify.dev/docs/latest/Reference/Errors/). */
const CODE_OF_FRAMEWORK_ERROR: Record<string, string> = {
  FST_ERR_BAD_URL: 'BAD_URL',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'INVALID_JSON',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'INVALID_CONTENT_LENGTH',
  FST_ERR_CTP_INVALID_JSON_BODY: 'INVALID_JSON',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_MAX_PARAM_LENGTH: 'URI_TOO_LONG',
}

export interface ProblemAnswer {
  readonly problem: Problem
  /** Whole seconds, for Retry-After. */
  readonly retryAfterSeconds: number | undefined
}

export function problemOf(status: number, code: string, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, code, detail }
}

/** The answer to any error. What is not known to be a client's mistake or an outage is a bare 500. */
export function answerTo(error: unknown): ProblemAnswer {
  if (isPhotosError(error)) {
    const status = STATUS_OF[error.code]
    const detail =
      status === 500 ? 'the record cannot be read' : (DETAIL_OF_OUR_FAULT[error.code] ?? error.message)
    const errors = error.fields.map(({ field, message }) => ({ field, detail: message }))
    const problem = problemOf(status, error.code, detail)
    return {
      problem: errors.length > 0 ? { ...problem, errors } : problem,
      retryAfterSeconds: status === 503 ? Math.ceil((error.retryAfterMs ?? 1000) / 1000) : undefined,
    }
  }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  if (error instanceof Error && status >= 400 && status < 500) {
    const frameworkCode = 'code' in error ? String(error.code) : ''
    const code = CODE_OF_FRAMEWORK_ERROR[frameworkCode] ?? 'BAD_REQUEST'
    return { problem: problemOf(status, code, error.message), retryAfterSeconds: undefined }
  }
  return {
    problem: problemOf(500, 'INTERNAL_ERROR', 'something went wrong here'),
    retryAfterSeconds: undefined,
  }
}
