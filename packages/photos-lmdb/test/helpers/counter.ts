import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A write that was acknowledged to a process that counts. */
export interface Acknowledgement {
  readonly workspaceId: string
  readonly version: string
  readonly count: number
}

interface CounterOptions {
  readonly workspaces: number
  readonly writesAtOnce: number
  /** How many counts to make; absent: until it is killed. */
  readonly counts?: number
}

/** A process that counts up in the workspaces of a store (see processes/counter.ts). */
export class Counter {
  readonly acknowledgements: Acknowledgement[] = []
  readonly #process: ChildProcess
  readonly #ended: Promise<[number | null, NodeJS.Signals | null]>
  readonly #lines: AsyncIterator<string>

  constructor(path: string, { workspaces, writesAtOnce, counts = 0 }: CounterOptions) {
    const script = fileURLToPath(new URL('../processes/counter.js', import.meta.url))
    const args = [workspaces, writesAtOnce, counts].map(String)
    const child = spawn(process.execPath, [script, path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#process = child
    this.#ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  /** Resolves once so many writes have been acknowledged in all. */
  async acknowledged(total: number): Promise<void> {
    while (this.acknowledgements.length < total) {
      if (!(await this.#readLine())) throw new Error(`it ended after ${this.acknowledgements.length} writes`)
    }
  }

  /** Kills it with SIGKILL; resolves once it is dead and all that it acknowledged before has been read. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    while (await this.#readLine());
    const [, signal] = await this.#ended
    if (signal !== 'SIGKILL') throw new Error('it ended before it was killed')
  }

  /** Kills it if it still runs, and does not wait. */
  abandon(): void {
    this.#process.kill('SIGKILL')
  }

  /** Resolves to its exit code once it has ended by itself. */
  async exit(): Promise<number | null> {
    while (await this.#readLine());
    const [code] = await this.#ended
    return code
  }

  async #readLine(): Promise<boolean> {
    const { value, done } = await this.#lines.next()
    if (done === true) return false
    const [workspaceId, version, count] = value.split(' ')
    // The last line of a killed process may be cut off: then nobody was told.
    if (workspaceId !== undefined && version !== undefined && count !== undefined) {
      this.acknowledgements.push({ workspaceId, version, count: Number(count) })
    }
    return true
  }
}
