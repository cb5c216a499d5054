import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { isPhotoId, isWorkspaceId, type PhotoService, photoTextIn, type WorkspaceRecord } from 'photos-domain'
import type { FastPath, Pass } from '../http/fast-path.js'
import { photosBody, sendRecord } from '../http/records.js'

export interface FastReadsOptions {
  readonly fastPath: FastPath
  /** Where the photo routes are. */
  readonly prefix: string
}

/**
 * Sends the plain reads, which are nearly all requests, by the fast path: a GET of a workspace or of a photo, without a query and
 * without Cache-Control. The routes answer everything else, and they would answer these with the same bytes.
 */
export const fastReads = fp(
  async (app: FastifyInstance, { fastPath, prefix }: FastReadsOptions) => {
    const reads = new FastReads(app.photoService, prefix)
    app.addHook('onReady', async () => {
      fastPath.open((request, response, pass) => reads.answer(request, response, pass))
    })
    // From here on Fastify tells each client that its connection closes.
    app.addHook('preClose', async () => fastPath.shut())
  },
  { name: 'fast-reads', dependencies: ['photo-service'], fastify: '5.x' },
)

const WORKSPACE = 'workspace'

class FastReads {
  readonly #photos: PhotoService
  readonly #start: string

  constructor(photos: PhotoService, prefix: string) {
    this.#photos = photos
    this.#start = `${prefix}/`
  }

  answer(request: IncomingMessage, response: ServerResponse, pass: Pass): boolean {
    const { method, url = '' } = request
    if (method !== 'GET' || !url.startsWith(this.#start)) return false
    const slash = url.indexOf('/', this.#start.length)
    if (slash === -1) return false
    const first = url.slice(this.#start.length, slash)
    const second = url.slice(slash + 1)
    // Ids as they are, not percent-encoded; so whatever else a URL may hold is for the routes.
    const isCollection = first === WORKSPACE
    const workspaceId = isCollection ? second : first
    if (!isWorkspaceId(workspaceId) || (!isCollection && !isPhotoId(second))) return false
    if (request.headers['cache-control'] !== undefined) return false
    this.#send(request, response, pass, workspaceId, isCollection ? undefined : second)
    return true
  }

  #send(
    request: IncomingMessage,
    response: ServerResponse,
    pass: Pass,
    workspaceId: string,
    photoId: string | undefined,
  ): void {
    const send = (record: WorkspaceRecord): void => {
      const body = photoId === undefined ? photosBody(record) : photoTextIn(record, workspaceId, photoId)
      sendRecord(response, request.headers['if-none-match'], record, body)
    }
    const fail = (error: unknown): void => pass(request, response, error)
    try {
      const record = this.#photos.list(workspaceId)
      if (record instanceof Promise) record.then(send).catch(fail)
      else send(record)
    } catch (error) {
      fail(error)
    }
  }
}
