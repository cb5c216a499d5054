import { encodePhotos, type WorkspaceId } from 'photos-domain'
import { type Bounds, History } from 'photos-history'
import type { Answer, Replica } from '../helpers/replicas.js'

/** What happened, in the order in which the clients saw it. */
type Event = (history: History) => void

/** A fraction of the requests are for the first few: those that everybody wants. */
const HOT_WORKSPACES = 3
const WORKSPACES = 24
/** What a client waits before it asks again, at the most. */
const LONGEST_THOUGHT_MS = 40

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const pathOf = (workspaceId: WorkspaceId): string => `/api/photos/workspace/${workspaceId}`
const versionOf = (answer: Answer): string => answer.header('etag').replaceAll('"', '')

/**
 * Clients of several replicas. Nine in ten requests are reads, some of them past the cache; the rest replace the one photo of
 * a workspace by one that was never there before. Everything that was asked and answered is kept.
 */
export class Load {
  readonly #replicas: readonly Replica[]
  readonly #photoIds = new Map<WorkspaceId, string>()
  readonly #trace: { readonly atMs: number; readonly event: Event }[] = []
  readonly #written: Event[] = []
  /** What was answered that should not have been: anything but 200, and errors of the connection. */
  readonly failures: string[] = []
  /** How often each Cache-Status was answered. */
  readonly statuses = new Map<string, number>()
  writes = 0
  #contents = 0
  #isOver = false

  constructor(replicas: readonly Replica[]) {
    this.#replicas = replicas
  }

  /** Gives each workspace its photo. */
  async prepare(): Promise<void> {
    const [replica] = this.#replicas
    if (replica === undefined) throw new RangeError('there is no replica')
    for (let at = 0; at < WORKSPACES; at++) {
      const workspaceId = `w${at}`
      const body = { url: 'https://pictures.example/p', description: 'the first' }
      const answer = await replica.ask(pathOf(workspaceId), { method: 'POST', body })
      if (answer.status !== 201) throw new Error(`preparing answered ${answer.status}: ${answer.body}`)
      this.#photoIds.set(workspaceId, JSON.parse(answer.body).id)
      this.#keepWrite(replica, workspaceId, answer)
    }
  }

  /** Runs so many clients of each replica until {@link stop}; resolves when the last answer is there. */
  async run(clientsOfEach: number): Promise<void> {
    const clients = this.#replicas.flatMap((replica) => Array.from({ length: clientsOfEach }, () => replica))
    await Promise.all(clients.map((replica) => this.#beClient(replica)))
  }

  stop(): void {
    this.#isOver = true
  }

  /** Every workspace as each replica answers it, past the cache and from it. */
  async readAll(): Promise<void> {
    for (const workspaceId of this.#photoIds.keys()) {
      for (const replica of this.#replicas) {
        await this.#read(replica, workspaceId, true)
        await this.#read(replica, workspaceId, false)
      }
    }
  }

  /** Checks every answer against all that was acknowledged or answered before it was asked for. */
  check(bounds: Bounds): History {
    const history = new History(bounds)
    // Others may be answered with what was written before its writer is told.
    for (const event of this.#written) event(history)
    for (const { event } of this.#trace.sort((a, b) => a.atMs - b.atMs)) event(history)
    return history
  }

  async #beClient(replica: Replica): Promise<void> {
    while (!this.#isOver) {
      const dice = Math.random()
      if (dice < 0.1) await this.#write(replica, someWorkspace())
      else await this.#read(replica, someWorkspace(), dice < 0.13)
      await pause(Math.random() * LONGEST_THOUGHT_MS)
    }
  }

  async #read(replica: Replica, workspaceId: WorkspaceId, asksFresh: boolean): Promise<void> {
    const headers: Record<string, string> = asksFresh ? { 'cache-control': 'no-cache' } : {}
    const begunAtMs = performance.now()
    const answer = await this.#ask(() => replica.ask(pathOf(workspaceId), { headers }))
    if (answer === undefined) return
    const endedAtMs = performance.now()
    const cacheStatus = answer.header('cache-status')
    this.statuses.set(cacheStatus, (this.statuses.get(cacheStatus) ?? 0) + 1)
    const record = {
      version: versionOf(answer),
      photos: Buffer.from(answer.body),
      stale: cacheStatus.includes('fwd=stale; detail='),
      cacheStatus,
    }
    const fresh = cacheStatus.includes('fwd=request')
    // What a read may answer is settled when it begins: with all that had happened by then.
    this.#note(begunAtMs, (history) => {
      const read = history.begin(replica.name, workspaceId, fresh, begunAtMs)
      this.#ends.set(record, read)
    })
    this.#note(endedAtMs, (history) => {
      const read = this.#ends.get(record)
      if (read !== undefined) history.end(read, record, endedAtMs)
    })
  }

  readonly #ends = new WeakMap<object, ReturnType<History['begin']>>()

  async #write(replica: Replica, workspaceId: WorkspaceId): Promise<void> {
    this.#contents++
    const body = { description: `the ${this.#contents}th that was written` }
    const path = `/api/photos/${workspaceId}/${this.#photoIds.get(workspaceId)}`
    const answer = await this.#ask(() => replica.ask(path, { method: 'PUT', body }))
    if (answer !== undefined) this.#keepWrite(replica, workspaceId, answer)
  }

  #keepWrite(replica: Replica, workspaceId: WorkspaceId, answer: Answer): void {
    const atMs = performance.now()
    const version = versionOf(answer)
    const content = Buffer.from(encodePhotos([JSON.parse(answer.body)])).toString()
    this.writes++
    this.#written.push((history) => history.committed(workspaceId, version, content))
    this.#note(atMs, (history) => history.acknowledged(workspaceId, version, atMs, { replica: replica.name }))
  }

  async #ask(send: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      const answer = await send()
      if (answer.status === 200) return answer
      this.failures.push(`${answer.status}: ${answer.body}`)
    } catch (error) {
      this.failures.push(String(error))
    }
    return undefined
  }

  #note(atMs: number, event: Event): void {
    this.#trace.push({ atMs, event })
  }
}

function someWorkspace(): WorkspaceId {
  const isHot = Math.random() < 0.7
  return `w${Math.floor(Math.random() * (isHot ? HOT_WORKSPACES : WORKSPACES))}`
}
