import { randomUUID } from 'node:crypto'
import express, { type RequestHandler } from 'express'
import nano, { type DocumentGetResponse } from 'nano'
import type { Photo } from 'photos-domain'
import { createClient } from 'redis'
import type { OriginalDocument } from '../data/original-data.js'

/*
 * The design that this system follows, as a process: Express, documents under random ids that a Mango query finds by their
 * workspace, and Redis with an expiry of one second in front of the reads.
 */
const EXPIRY_SECONDS = 1

const [, server = '', name = ''] = /^(.*)\/([^/]+)$/.exec(process.env['DATABASE_URL'] ?? '') ?? []
const database = nano(server).use<OriginalDocument>(name)
const redis = await createClient({ url: process.env['REDIS_URL'] ?? '' }).connect()
const app = express()
app.disable('x-powered-by')
app.use(express.json())

type Found = (DocumentGetResponse & OriginalDocument) | undefined

async function find(workspaceId: string): Promise<Found> {
  const { docs } = await database.find({ selector: { workspace_id: workspaceId }, limit: 1 })
  return docs[0] as Found
}

async function photosOf(workspaceId: string): Promise<readonly Photo[]> {
  const cached = await redis.get(workspaceId)
  if (cached !== null) return JSON.parse(cached) as readonly Photo[]
  const photos = (await find(workspaceId))?.photos ?? []
  await redis.setEx(workspaceId, EXPIRY_SECONDS, JSON.stringify(photos))
  return photos
}

async function change(
  workspaceId: string,
  next: (photos: readonly Photo[]) => readonly Photo[],
): Promise<void> {
  for (;;) {
    const found = await find(workspaceId)
    const document = found ?? { workspace_id: workspaceId, photos: [] }
    try {
      await database.insert({ ...document, photos: next(document.photos) })
      return
    } catch (error) {
      if (!(error instanceof Error && Reflect.get(error, 'statusCode') === 409)) throw error
    }
  }
}

/** Express 4 knows nothing of promises. */
const handler =
  (handle: (...args: Parameters<RequestHandler>) => Promise<unknown>): RequestHandler =>
  (request, response, next) => {
    handle(request, response, next).catch(next)
  }

app.get(
  '/ready',
  handler(async (_request, response) => response.json(await database.info())),
)

app.get(
  '/api/photos/workspace/:workspaceId',
  handler(async ({ params }, response) => response.json(await photosOf(params['workspaceId'] ?? ''))),
)

app.get(
  '/api/photos/:workspaceId/:id',
  handler(async ({ params }, response) => {
    const photos = await photosOf(params['workspaceId'] ?? '')
    const photo = photos.find(({ id }) => id === params['id'])
    return photo === undefined ? response.sendStatus(404) : response.json(photo)
  }),
)

app.post(
  '/api/photos/workspace/:workspaceId',
  handler(async ({ params, body }, response) => {
    const photo: Photo = { id: randomUUID(), ...body }
    await change(params['workspaceId'] ?? '', (photos) => [photo, ...photos])
    return response.status(201).json(photo)
  }),
)

app.put(
  '/api/photos/:workspaceId/:id',
  handler(async ({ params, body }, response) => {
    let changed: Photo | undefined
    await change(params['workspaceId'] ?? '', (photos) =>
      photos.map((photo) => {
        if (photo.id !== params['id']) return photo
        changed = { ...photo, ...body }
        return changed ?? photo
      }),
    )
    return changed === undefined ? response.sendStatus(404) : response.json(changed)
  }),
)

const listening = app.listen(Number(process.env['PORT']), '127.0.0.1')
process.once('SIGTERM', () => {
  listening.close(() => process.exit(0))
  listening.closeAllConnections()
})
