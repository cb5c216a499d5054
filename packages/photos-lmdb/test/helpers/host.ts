import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import {
  type Change,
  type ChangesOptions,
  type PhotoRepository,
  PhotosError,
  type ReadOptions,
  type RepositoryStatus,
  type ScanOptions,
  type WorkspaceContent,
  type WorkspaceRecord,
} from 'photos-domain'
import type { Answer, Call, IterationCall, Request } from './remote-calls.js'

/** Another process, in which repositories can be opened. */
export class Host {
  readonly #process: ChildProcess
  readonly #answers = new Map<number, (answer: Answer) => void>()
  #calls = 0
  #repositories = 0

  constructor() {
    const script = fileURLToPath(new URL('../processes/host.js', import.meta.url))
    this.#process = fork(script, { serialization: 'advanced' })
    this.#process.on('message', (message) => {
      const answer = message as Answer
      this.#answers.get(answer.id)?.(answer)
      this.#answers.delete(answer.id)
    })
  }

  async open(path: string): Promise<PhotoRepository> {
    const repository = this.#repositories++
    await this.call({ method: 'open', repository, path })
    return new RemoteRepository(this, repository)
  }

  async call(call: Call): Promise<unknown> {
    const id = this.#calls++
    const answered = new Promise<Answer>((resolve) => this.#answers.set(id, resolve))
    this.#process.send({ id, call } satisfies Request)
    const answer = await answered
    if ('code' in answer) throw new PhotosError(answer.code, answer.message)
    return answer.value
  }

  async stop(): Promise<void> {
    const exit = once(this.#process, 'exit')
    this.#process.disconnect()
    await exit
  }
}

/** A repository in another process, as if it were here. */
class RemoteRepository implements PhotoRepository {
  static #iterations = 0
  readonly #host: Host
  readonly #repository: number

  constructor(host: Host, repository: number) {
    this.#host = host
    this.#repository = repository
  }

  async read(workspaceId: string, { signal }: ReadOptions = {}): Promise<WorkspaceRecord> {
    signal?.throwIfAborted()
    return (await this.#host.call({
      method: 'read',
      repository: this.#repository,
      workspaceId,
    })) as WorkspaceRecord
  }

  async write(workspaceId: string, content: WorkspaceContent, expected: string): Promise<string> {
    const repository = this.#repository
    return (await this.#host.call({ method: 'write', repository, workspaceId, content, expected })) as string
  }

  changes({ signal, ...options }: ChangesOptions = {}): AsyncIterable<Change> {
    const iteration = RemoteRepository.#iterations++
    return this.#iterate({ method: 'changes', repository: this.#repository, iteration, options }, signal)
  }

  scan({ signal, ...options }: ScanOptions = {}): ReturnType<PhotoRepository['scan']> {
    const iteration = RemoteRepository.#iterations++
    return this.#iterate({ method: 'scan', repository: this.#repository, iteration, options }, signal)
  }

  async ready(): Promise<void> {
    await this.#host.call({ method: 'ready', repository: this.#repository })
  }

  async status(): Promise<RepositoryStatus> {
    return (await this.#host.call({ method: 'status', repository: this.#repository })) as RepositoryStatus
  }

  async close(): Promise<void> {
    await this.#host.call({ method: 'close', repository: this.#repository })
  }

  async *#iterate<T>(begin: IterationCall, signal: AbortSignal | undefined): AsyncGenerator<T, void> {
    const { iteration } = begin
    const abort = () => void this.#host.call({ method: 'abort', iteration })
    await this.#host.call(begin)
    if (signal?.aborted === true) abort()
    signal?.addEventListener('abort', abort)
    try {
      for (;;) {
        const { value, done } = (await this.#host.call({ method: 'next', iteration })) as IteratorResult<
          T,
          void
        >
        if (done === true) return
        yield value
      }
    } finally {
      signal?.removeEventListener('abort', abort)
      await this.#host.call({ method: 'return', iteration })
    }
  }
}
