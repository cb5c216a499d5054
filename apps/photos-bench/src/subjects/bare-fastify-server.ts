import Fastify from 'fastify'
import { FIXED_ETAG } from '../load/fixed-answer.js'

/*
 * The control, as a process. It has the service's routes and does nothing in them: no log, no check, no store, no header but
 * Content-Type (and the ETag's 304, without which a conditional request would cost it a body that the service does not send).
 * Behind a cache it also says what the service says to caches, CACHE_CONTROL and an ETag, so that the cache treats both alike.
 */
const body = Buffer.alloc(Number(process.env['ANSWER_BYTES']), 'x')
const cacheControl = process.env['CACHE_CONTROL']
const cacheHeaders = cacheControl === undefined ? {} : { etag: FIXED_ETAG, 'cache-control': cacheControl }
const headers = { 'content-type': 'application/json; charset=utf-8', ...cacheHeaders }
const app = Fastify({ logger: false })

const workspace = '/api/photos/workspace/:workspaceId'
const photo = '/api/photos/:workspaceId/:id'
app.get(workspace, (request, reply) => {
  if (request.headers['if-none-match'] !== undefined) return reply.code(304).headers(cacheHeaders).send()
  return reply.headers(headers).send(body)
})
app.get(photo, (_request, reply) => reply.headers(headers).send(body))
app.post(workspace, (_request, reply) => reply.code(201).headers(headers).send(body))
app.put(photo, (_request, reply) => reply.headers(headers).send(body))
app.delete(photo, (_request, reply) => reply.code(204).send())

process.once('SIGTERM', () => void app.close().then(() => process.exit(0)))
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
