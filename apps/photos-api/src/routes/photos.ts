import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { TokenBucket } from 'photos-cache'
import { photoTextIn } from 'photos-domain'
import { etagOf } from '../http/entity-tags.js'
import type { FastPath } from '../http/fast-path.js'
import { photosBody, readOptionsOf, replyWithRecord, writeConditionsOf } from '../http/records.js'
import * as schemas from './photos-schemas.js'

/** How many reads past the cache one process makes for clients that ask for them: far fewer than CouchDB can answer. */
const READS_PAST_CACHE = { perSecond: 100, burst: 100 }

export interface PhotoRoutesOptions {
  /** What may have taken a read before, and failed at it. */
  readonly fastPath: FastPath
}

/** The REST API for photos: a request is a straight line from here to PhotoService and back. */
export const photoRoutes: FastifyPluginAsyncTypebox<PhotoRoutesOptions> = async (app, { fastPath }) => {
  const photos = app.photoService
  const guard = app.hasDecorator('photoCache') ? new TokenBucket(READS_PAST_CACHE) : undefined

  app.get('/workspace/:workspaceId', { schema: schemas.listPhotos }, (request, reply) => {
    fastPath.rethrow(request.raw)
    const record = photos.list(request.params.workspaceId, readOptionsOf(request, guard))
    // A record that is at hand is sent at once: a promise would cost the hot path more than the look-up.
    if (record instanceof Promise)
      return record.then((read) => replyWithRecord(request, reply, read, photosBody(read)))
    return replyWithRecord(request, reply, record, photosBody(record))
  })

  app.get('/:workspaceId/:id', { schema: schemas.getPhoto }, (request, reply) => {
    fastPath.rethrow(request.raw)
    const { workspaceId, id } = request.params
    const record = photos.list(workspaceId, readOptionsOf(request, guard))
    if (record instanceof Promise) {
      return record.then((read) => replyWithRecord(request, reply, read, photoTextIn(read, workspaceId, id)))
    }
    return replyWithRecord(request, reply, record, photoTextIn(record, workspaceId, id))
  })

  app.post('/workspace/:workspaceId', { schema: schemas.addPhoto }, async (request, reply) => {
    const { workspaceId } = request.params
    const { photo, version } = await photos.add(workspaceId, request.body, {
      ...writeConditionsOf(request),
      idempotencyKey: headerOf(request, 'idempotency-key'),
    })
    if (version !== undefined) reply.header('etag', etagOf(version))
    reply.header('location', `${app.prefix}/${workspaceId}/${photo.id}`)
    return notStored(reply).code(201).send(photo)
  })

  app.put('/:workspaceId/:id', { schema: schemas.updatePhoto }, async (request, reply) => {
    const { workspaceId, id } = request.params
    const { photo, version } = await photos.update(workspaceId, id, request.body, writeConditionsOf(request))
    return notStored(reply).header('etag', etagOf(version)).send(photo)
  })

  app.delete('/:workspaceId/:id', { schema: schemas.removePhoto }, async (request, reply) => {
    const { workspaceId, id } = request.params
    await photos.remove(workspaceId, id, writeConditionsOf(request))
    return notStored(reply).code(204).send()
  })

  app.delete('/workspace/:workspaceId', { schema: schemas.clearWorkspace }, async (request, reply) => {
    await photos.clear(request.params.workspaceId, writeConditionsOf(request))
    return notStored(reply).code(204).send()
  })
}

const notStored = (reply: FastifyReply): FastifyReply => reply.header('cache-control', 'no-store')

/** A header's value; a repeated one, which Node gives as one text or a list, as one text. */
function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
