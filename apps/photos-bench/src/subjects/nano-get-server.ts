import { randomUUID } from 'node:crypto'
import Fastify from 'fastify'
import nano from 'nano'
import type { Photo } from 'photos-domain'
import { SERVICE_CACHE_CONTROL } from './cache-control.js'

/*
 * The control, as a process: the service's routes in the way that nano's documentation shows. A read is one `get`; a write is
 * one `get` and one `insert`, again where another write came between. It sends the headers that the service sends.
 */
interface Workspace {
  readonly photos: readonly Photo[]
}

const [, server = '', name = ''] = /^(.*)\/([^/]+)$/.exec(process.env['DATABASE_URL'] ?? '') ?? []
const database = nano(server).use<Workspace>(name)
const app = Fastify({ logger: false })

const statusOf = (error: unknown): unknown =>
  error instanceof Error ? Reflect.get(error, 'statusCode') : undefined

async function read(
  workspaceId: string,
): Promise<{ readonly _rev?: string; readonly photos: readonly Photo[] }> {
  try {
    return await database.get(workspaceId)
  } catch (error) {
    if (statusOf(error) === 404) return { photos: [] }
    throw error
  }
}

/** Writes what `change` makes of a workspace's photos. */
async function write(
  workspaceId: string,
  change: (photos: readonly Photo[]) => readonly Photo[],
): Promise<void> {
  for (;;) {
    const { _rev, photos } = await read(workspaceId)
    try {
      await database.insert({ _id: workspaceId, ...(_rev && { _rev }), photos: change(photos) })
      return
    } catch (error) {
      if (statusOf(error) !== 409) throw error
    }
  }
}

app.get('/ready', () => database.info())

app.get<{ Params: { workspaceId: string } }>('/api/photos/workspace/:workspaceId', async (request, reply) => {
  const { _rev, photos } = await read(request.params.workspaceId)
  reply.header('etag', `"${_rev ?? 0}"`).header('cache-control', SERVICE_CACHE_CONTROL)
  return photos
})

app.get<{ Params: { workspaceId: string; id: string } }>(
  '/api/photos/:workspaceId/:id',
  async (request, reply) => {
    const { _rev, photos } = await read(request.params.workspaceId)
    const photo = photos.find(({ id }) => id === request.params.id)
    if (photo === undefined) return reply.code(404).send()
    reply.header('etag', `"${_rev ?? 0}"`).header('cache-control', SERVICE_CACHE_CONTROL)
    return photo
  },
)

app.post<{ Params: { workspaceId: string }; Body: Omit<Photo, 'id'> }>(
  '/api/photos/workspace/:workspaceId',
  async (request, reply) => {
    const photo: Photo = { id: randomUUID(), ...request.body }
    await write(request.params.workspaceId, (photos) => [photo, ...photos])
    return reply.code(201).send(photo)
  },
)

app.put<{ Params: { workspaceId: string; id: string }; Body: Partial<Photo> }>(
  '/api/photos/:workspaceId/:id',
  async (request) => {
    const { workspaceId, id } = request.params
    let changed: Photo | undefined
    await write(workspaceId, (photos) =>
      photos.map((photo) => {
        if (photo.id !== id) return photo
        changed = { ...photo, ...request.body }
        return changed
      }),
    )
    return changed
  },
)

process.once('SIGTERM', () => void app.close().then(() => process.exit(0)))
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
