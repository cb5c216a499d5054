import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isRunning } from 'photos-test-servers'

const SERVER = fileURLToPath(new URL('./server.js', import.meta.resolve('photos-api')))
const RESTART_DELAY_MS = 1000
const READY_TIMEOUT_MS = 120_000
const POLL_MS = 50

export interface ReplicaOptions {
  /** Loopback port that it listens on, the same after each start. */
  readonly port: number
  /** Of the process, on top of this one's. */
  readonly env: NodeJS.ProcessEnv
  /** File that its output is appended to. */
  readonly logFile: string
  /** Told when it died without being told to; it is started again. */
  readonly onDeath?: (how: string) => void
}

/** One process of the service. It is started again when it dies, until it is stopped. */
export class Replica {
  readonly port: number
  readonly #options: ReplicaOptions
  #child: ChildProcess | undefined
  #restart: NodeJS.Timeout | undefined
  readonly #killWithParent = () => this.#child?.kill('SIGKILL')

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.port = options.port
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /**
   * Starts it, and resolves once it says that it is ready.
   * @throws Error with the end of its log, if it ends before that
   */
  async start(): Promise<void> {
    process.on('exit', this.#killWithParent)
    try {
      await this.#untilReady(await this.#spawn())
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** SIGTERM: it finishes what it has begun. Resolves once it has ended. */
  async stop(): Promise<void> {
    process.off('exit', this.#killWithParent)
    clearTimeout(this.#restart)
    const child = this.#child
    this.#child = undefined
    if (child === undefined || !isRunning(child)) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }

  /** Whether it takes requests now. */
  async isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.port}/health/ready`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(2000),
      })
      await answer.arrayBuffer()
      return answer.ok
    } catch {
      return false
    }
  }

  async #spawn(): Promise<ChildProcess> {
    const log = await open(this.#options.logFile, 'a')
    // A process group of its own: a Ctrl-C in the terminal is for who started it.
    const child = spawn(process.execPath, [SERVER], {
      env: {
        ...process.env,
        ...this.#options.env,
        HOST: '127.0.0.1',
        PORT: `${this.port}`,
        PHOTOS_REPLICAS: '1',
      },
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    })
    this.#child = child
    await once(child, 'spawn').finally(() => log.close())
    child.once('exit', (code, signal) => this.#startAgain(child, `${signal ?? code}`))
    return child
  }

  #startAgain(dead: ChildProcess, how: string): void {
    if (this.#child !== dead) return
    this.#options.onDeath?.(how)
    this.#restart = setTimeout(() => {
      if (this.#child === dead) this.#spawn().catch((error: Error) => this.#options.onDeath?.(error.message))
    }, RESTART_DELAY_MS)
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS
    while (!(await this.isReady())) {
      if (!isRunning(child)) throw new Error(`a replica ended before it was ready\n${await this.#logTail()}`)
      if (Date.now() > deadline) throw new Error(`a replica was not ready in time\n${await this.#logTail()}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  async #logTail(): Promise<string> {
    return (await readFile(this.#options.logFile, 'utf8')).split('\n').slice(-20).join('\n')
  }
}
