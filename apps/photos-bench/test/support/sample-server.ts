import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { encodePhoto, encodePhotos } from 'photos-domain'
import { samplePhotos } from 'photos-samples'
import type { RunningSubject, Subject } from '../../dist/subjects/subject.js'

/** What a server answers to one request. */
export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of the whole answer: none, and the connection is reset; or half of it, and the connection ends. */
  readonly broken?: 'reset' | 'half'
}

/** Turns the right answer into the one that is sent; a promise keeps the client waiting. */
export type Fault = (answer: Answer, url: string) => Answer | Promise<Answer>

const decoder = new TextDecoder()
export const SAMPLE_ETAG = '"7"'

/** A server of the sample workspaces, that can be made to answer wrongly. */
export class SampleServer {
  readonly #server: Server
  readonly requests: string[] = []

  private constructor(fault: Fault) {
    this.#server = createServer((request, response) => void this.#answer(request, response, fault))
  }

  static async start(fault: Fault = (answer) => answer): Promise<SampleServer> {
    const server = new SampleServer(fault)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get origin(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the server does not listen')
    return `http://127.0.0.1:${address.port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse, fault: Fault): Promise<void> {
    const { method, url = '/' } = request
    this.requests.push(`${method} ${url}`)
    request.resume()
    const { status, body, headers, broken } = await fault(rightAnswer(request), url)
    if (broken === 'reset') {
      request.socket.resetAndDestroy()
      return
    }
    const length = status === 304 ? {} : { 'content-length': Buffer.byteLength(body) }
    response.writeHead(status, { ...length, ...headers })
    if (broken === 'half') response.write(body.slice(0, body.length / 2), () => request.socket.end())
    else response.end(body)
  }
}

/** A server of the sample workspaces as something to measure, in this process. */
export const sampleSubject = (fault?: Fault): Subject => ({
  description: 'the sample workspaces',
  answers: 'samples',
  async start(): Promise<RunningSubject> {
    const server = await SampleServer.start(fault)
    return {
      origin: server.origin,
      pids: [process.pid],
      died: new Promise(() => {}),
      stop: () => server.close(),
    }
  },
})

function rightAnswer({ url = '/', headers }: IncomingMessage): Answer {
  const [, collection, workspace, photoId] =
    /^\/api\/photos\/(?:(workspace)\/)?sample-(\d{9})(?:\/(.+))?$/.exec(url) ?? []
  const photos = samplePhotos(Number(workspace))
  if (collection === undefined) {
    const photo = photos.find(({ id }) => id === photoId)
    return photo === undefined
      ? { status: 404, body: '' }
      : { status: 200, body: decoder.decode(encodePhoto(photo)) }
  }
  if (headers['if-none-match'] === SAMPLE_ETAG) return { status: 304, body: '' }
  return { status: 200, body: decoder.decode(encodePhotos(photos)), headers: { etag: SAMPLE_ETAG } }
}
