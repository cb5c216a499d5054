import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** How one request is answered, or not. */
export type Behaviour = (request: ReceivedRequest, response: ServerResponse) => void | Promise<void>

export interface ReceivedRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A real HTTP server that answers as it is told: an overloaded one, a broken one, a proxy's page. */
export class ChaosServer {
  readonly url: string
  /** What was asked, in order; without `/_up`, which is always answered. */
  readonly requests: ReceivedRequest[] = []
  behaviour: Behaviour
  /** Whether `/_up` says that it serves. */
  isUp = true
  upRequests = 0

  private constructor(url: string, behaviour: Behaviour) {
    this.url = url
    this.behaviour = behaviour
  }

  /** Serves until the test ends. */
  static async open(t: Test, behaviour: Behaviour): Promise<ChaosServer> {
    const http = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      request.on('error', () => {})
      for await (const chunk of request) chunks.push(chunk)
      const { method = '', url = '', headers } = request
      await server.#answer({ method, url, headers, body: Buffer.concat(chunks).toString() }, response)
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const server = new ChaosServer(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, behaviour)
    t.teardown(() => {
      http.close()
      http.closeAllConnections()
    })
    return server
  }

  async #answer(request: ReceivedRequest, response: ServerResponse): Promise<void> {
    if (request.url === '/_up') {
      this.upRequests++
      json(this.isUp ? 200 : 404, { status: this.isUp ? 'ok' : 'maintenance_mode' })(request, response)
      return
    }
    this.requests.push(request)
    await this.behaviour(request, response)
  }
}

/** Answers with a status and JSON. */
export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Behaviour =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }

/** Takes the request and never answers. */
export const hang: Behaviour = () => {}

/** Takes the request and closes the connection. */
export const hangUp: Behaviour = (_, response) => void response.socket?.destroy()

/** Begins an answer of another length than is announced, and closes the connection in the midst of it. */
export const cutOff =
  (type: string, text: string, status = 200): Behaviour =>
  (_, response) => {
    response.writeHead(status, { 'content-type': type, 'content-length': text.length * 2 })
    response.write(text, () => response.socket?.destroy())
  }

/** Ends an answer well in the midst of its JSON, as a node does that fails after it has begun. */
export const truncated =
  (text: string): Behaviour =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(text)
  }

/** Answers each request in another way: the first as the first, and all beyond the last as the last. */
export function inTurn(...behaviours: readonly [Behaviour, ...Behaviour[]]): Behaviour {
  let next = 0
  return (request, response) => {
    const behaviour = behaviours[Math.min(next++, behaviours.length - 1)]
    return behaviour?.(request, response)
  }
}
