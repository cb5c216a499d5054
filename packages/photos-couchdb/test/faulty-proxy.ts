import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP proxy in front of a node, that can take the node away, or lose its answers. */
export class FaultyProxy {
  /** The node's URL, through the proxy. */
  readonly url: string
  readonly #target: URL
  readonly #port: number
  readonly #sockets = new Set<Socket>()
  #server: Server
  #losesAnswers = false

  private constructor(target: URL, server: Server) {
    this.#target = target
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
    const url = new URL(target)
    url.host = `127.0.0.1:${this.#port}`
    this.url = url.href.replace(/\/$/, '')
    server.on('connection', this.#onConnection)
  }

  static async open(target: string): Promise<FaultyProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new FaultyProxy(new URL(target), server)
  }

  /** The node cannot be reached: connections break, and new ones are refused. */
  async cut(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** The node can be reached again, at the same port. */
  async mend(): Promise<void> {
    this.#server = createServer().on('connection', this.#onConnection).listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** While true, requests reach the node, and none of its answers come back. */
  set losesAnswers(loses: boolean) {
    this.#losesAnswers = loses
    // A connection whose answers were lost is of no use any more.
    if (!loses) for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.cut()
  }

  readonly #onConnection = (client: Socket): void => {
    const node = connect(Number(this.#target.port), this.#target.hostname)
    for (const [socket, other] of [
      [client, node],
      [node, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (chunk) => node.write(chunk))
    node.on('data', (chunk) => {
      if (!this.#losesAnswers) client.write(chunk)
    })
  }
}
