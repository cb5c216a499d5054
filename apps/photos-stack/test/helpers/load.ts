import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { type Answer, delay, postPhoto, send, workspacePath } from './client.js'

const READERS = 6
const WORKSPACES = 40
/** Between two requests of one reader. */
const PAUSE_MS = 10

/** Readers and a writer that ask without end, until they are told to stop. */
export class Load {
  /** What was not 200, or no answer at all. */
  readonly failedGets: string[] = []
  /** Descriptions of the photos whose POST was answered with 201, by workspace. */
  readonly acknowledged = new Map<string, string[]>()
  reads = 0
  #stopping = false
  readonly #agent = new Agent({ keepAlive: true })
  readonly #clients: Promise<void>[]
  readonly #url: string

  constructor(url: string) {
    this.#url = url
    this.#clients = Array.from({ length: READERS }, () => this.#read())
    this.#clients.push(this.#write())
  }

  get writes(): number {
    return [...this.acknowledged.values()].reduce((sum, photos) => sum + photos.length, 0)
  }

  /** Resolves once this many more reads and writes were answered, so that what was done before had its effect. */
  async untilMore(reads: number, writes: number): Promise<void> {
    const [targetReads, targetWrites] = [this.reads + reads, this.writes + writes]
    while (this.reads < targetReads || this.writes < targetWrites) await delay(5)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#clients)
    this.#agent.destroy()
  }

  async #read(): Promise<void> {
    for (let i = 0; !this.#stopping; i++) {
      // Half of them go to a replica whatever is cached.
      const headers: Record<string, string> = i % 2 === 0 ? { 'cache-control': 'no-cache' } : {}
      try {
        const { status, text } = await this.#get(`${this.#url}${workspacePath(workspace())}`, headers)
        if (status !== 200) this.failedGets.push(`${status} ${text}`)
      } catch (error) {
        this.failedGets.push(String(error))
      }
      this.reads++
      await delay(PAUSE_MS)
    }
  }

  /** As every HTTP client does it: a kept connection may just have been closed, which a new one shows (RFC 9112, 9.3.1). */
  async #get(url: string, headers: Record<string, string>): Promise<Answer> {
    try {
      return await send(url, { headers, agent: this.#agent })
    } catch {
      return send(url, { headers })
    }
  }

  async #write(): Promise<void> {
    while (!this.#stopping) {
      const workspaceId = workspace()
      const description = randomUUID()
      try {
        const { status } = await postPhoto(this.#url, workspaceId, description, {
          'idempotency-key': description,
        })
        if (status === 201)
          this.acknowledged.set(workspaceId, [...(this.acknowledged.get(workspaceId) ?? []), description])
      } catch {
        // It was not acknowledged.
      }
      await delay(PAUSE_MS)
    }
  }
}

const workspace = (): string => `load-${Math.floor(Math.random() * WORKSPACES)}`
