import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TokenBucket } from 'photos-cache'
import { photosTextOf, type ReadOptions, type WorkspaceRecord, type WriteConditions } from 'photos-domain'
import { etagOf, isNotModified, parseEntityTags } from './entity-tags.js'

const JSON_CONTENT_TYPE = 'application/json; charset=utf-8'

/**
 * What caches between us and the client may do (RFC 9111, RFC 5861): a browser asks each time, which the ETag makes
 * cheap; a shared cache keeps an answer for 1 s, and one second more while it asks again, and 60 s while we are down.
 */
const CACHE_CONTROL = 'max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=60'

/** RFC 9211: no cache tier of ours took part. */
const ANSWERED_BY_STORE = 'photos; fwd=bypass; detail=store'

/** A larger body is sent as bytes: it is not worth the copy that puts a text into one piece with the headers. */
const MAX_TEXT_LENGTH = 65_536

/** What is sent of a whole record. A text has a character for each byte (`latin1`). */
export function photosBody(record: WorkspaceRecord): string | Uint8Array {
  const { length } = record.photosText ?? record.photos
  return length > MAX_TEXT_LENGTH ? record.photos : photosTextOf(record)
}

/**
 * Sends a part of a record, or 304 where the client has it already. This is nearly all that the service does, so it is
 * written to Node's response itself: Fastify's own way there, through a header at a time, costs a sixth of such a request.
 * @throws PhotosError `INVALID_INPUT` where If-None-Match cannot be read; nothing was sent then
 */
export function sendRecord(
  response: ServerResponse,
  ifNoneMatch: string | undefined,
  record: WorkspaceRecord,
  body: string | Uint8Array,
): void {
  const etag = etagOf(record.version)
  const cacheStatus = record.cacheStatus ?? ANSWERED_BY_STORE
  if (ifNoneMatch !== undefined && isNotModified(ifNoneMatch, etag)) {
    response.writeHead(304, { etag, 'cache-control': CACHE_CONTROL, 'cache-status': cacheStatus }).end()
    return
  }
  // A list of names and values is what Node writes out fastest.
  response.writeHead(200, [
    'etag',
    etag,
    'cache-control',
    CACHE_CONTROL,
    'cache-status',
    cacheStatus,
    'content-type',
    JSON_CONTENT_TYPE,
    'content-length',
    String(body.length),
  ])
  if (typeof body === 'string') endWithText(response, body)
  else response.end(body)
}

/**
 * Ends the response with a text, which Node puts into one piece with the headers; it writes a character in latin1 as one byte.
 * `end(text)` alone would put an empty piece behind it, and send both by a writev, which costs an eighth of a small answer. A response
 * that waits for an earlier one of its connection has no socket yet.
 */
function endWithText(response: ServerResponse, text: string): void {
  const { socket } = response
  if (socket === null) {
    response.end(text, 'latin1')
    return
  }
  // Corked, it is not corked until the next tick by Node itself; uncorked at once, it is one piece and goes out.
  socket.cork()
  response.write(text, 'latin1')
  socket.uncork()
  response.end()
}

/** The same for a route. What other plugins set on the reply is not sent with it. */
export function replyWithRecord(
  request: FastifyRequest,
  reply: FastifyReply,
  record: WorkspaceRecord,
  body: string | Uint8Array,
): void {
  sendRecord(reply.raw, request.headers['if-none-match'], record, body)
  reply.hijack()
}

const FRESH: ReadOptions = { fresh: true }
const NO_CACHE = /(?:^|,)\s*no-cache\s*(?:,|$)/i

/**
 * `Cache-Control: no-cache` reads past every cache of ours (RFC 9111, section 5.2.1.4), for as long as the guard has tokens;
 * without a token it is answered as if it had not been asked for, which Cache-Status shows.
 */
export function readOptionsOf(
  { headers }: Pick<FastifyRequest, 'headers'>,
  guard: TokenBucket | undefined,
): ReadOptions | undefined {
  const cacheControl = headers['cache-control']
  if (cacheControl === undefined || !NO_CACHE.test(cacheControl)) return undefined
  return guard === undefined || guard.take() ? FRESH : undefined
}

/** @throws PhotosError `INVALID_INPUT` naming a header that cannot be read */
export function writeConditionsOf({ headers }: FastifyRequest): WriteConditions {
  const ifMatch = headers['if-match']
  const ifNoneMatch = headers['if-none-match']
  return {
    ifMatch: ifMatch === undefined ? undefined : parseEntityTags('If-Match', ifMatch, 'strong'),
    ifNoneMatch:
      ifNoneMatch === undefined ? undefined : parseEntityTags('If-None-Match', ifNoneMatch, 'weak'),
  }
}
