import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePort } from './processes.js'

/** The configuration that runs in production; tests run with it too. */
const CONFIG_FILE = fileURLToPath(new URL('../../../infra/redis/redis.conf', import.meta.url))

export interface RedisServerOptions {
  /** Settings on top of `infra/redis/redis.conf`, as redis.conf spells them: `{ maxmemory: '4mb' }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined
  /** The environment of the process, on top of this one's: `{ LC_ALL: 'de_DE.UTF-8' }`. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** A real `redis-server` process on a loopback port of its own. It dies with this process. */
export interface RedisServer {
  readonly host: string
  /** The same after each start. */
  readonly port: number
  /** `redis://127.0.0.1:port` */
  readonly url: string
  /** Of the process that runs now; undefined while none does. */
  readonly pid: number | undefined
  /** Starts it on the same port, empty, as after a crash; resolves once it takes commands. Throws if it is running. */
  start(): Promise<void>
  /** SIGKILL: its connections break and its memory is gone. Resolves once the process is gone. */
  kill(): Promise<void>
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void
  /** SIGCONT: it goes on, and answers what was sent meanwhile. */
  resume(): void
  /** Kills it if it runs, and removes its directory. */
  close(): Promise<void>
}

/**
 * Starts `redis-server`, found on the PATH, with the settings of `infra/redis/redis.conf`.
 * @throws Error saying what the server printed, if it does not start
 */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'photos-redis-'))
  const server = new RedisProcess(directory, await freePort(), options)
  try {
    await server.start()
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

class RedisProcess implements RedisServer {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly #directory: string
  readonly #options: RedisServerOptions
  #child: ChildProcess | undefined
  readonly #killWithParent = () => this.#child?.kill('SIGKILL')

  constructor(directory: string, port: number, options: RedisServerOptions) {
    this.#directory = directory
    this.port = port
    this.#options = options
    process.on('exit', this.#killWithParent)
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`redis-server is running on port ${this.port}`)
    const settings = {
      ...this.#options.settings,
      bind: this.host,
      port: `${this.port}`,
      dir: this.#directory,
    }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')])
    const child = spawn('redis-server', [CONFIG_FILE, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#options.env },
      // A process group of its own: a Ctrl-C in the terminal is for who started it.
      detached: true,
    })
    this.#child = child
    try {
      await untilReady(child)
    } catch (error) {
      this.#child = undefined
      throw error
    }
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  pause(): void {
    this.#signal('SIGSTOP')
  }

  resume(): void {
    this.#signal('SIGCONT')
  }

  async close(): Promise<void> {
    process.off('exit', this.#killWithParent)
    await this.kill()
    await rm(this.#directory, { recursive: true, force: true })
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child?.kill(signal) !== true) throw new Error('redis-server is not running')
  }
}

/** Resolves when the server says that it takes commands; rejects, with all it said, when it ends before that. */
async function untilReady(child: ChildProcess): Promise<void> {
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new Error([`redis-server ${why}`, ...said].join('\n')))
    child.once('error', ({ message }) => fail(`does not start: ${message}`))
    child.once('close', (code, signal) => fail(`ended with ${code ?? signal} before it was ready`))
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) throw new TypeError('the output of redis-server is not piped')
      // Reads on after the server is ready: a full pipe would stop it.
      createInterface(stream).on('line', (line) => {
        if (said.length < 100) said.push(line)
        if (line.includes('Ready to accept connections')) resolve()
      })
    }
  })
}
