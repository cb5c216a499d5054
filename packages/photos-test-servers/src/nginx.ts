import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type NginxVariables, renderNginx } from './nginx-templates.js'
import { freePort, isRunning, runCommand } from './processes.js'

/** What infra/nginx/variables.env says of a server: one that fails is left out for 2 s, which nginx counts in whole seconds. */
const SERVER_PARAMETERS = 'max_fails=2 fail_timeout=2s'

/** The EDGE_SERVERS of servers on these loopback ports. */
export const nginxServers = (ports: readonly number[], parameters = SERVER_PARAMETERS): string =>
  ports.map((port) => `server 127.0.0.1:${port} ${parameters};`).join(' ')

export interface NginxOptions {
  /** On top of `infra/nginx/variables.env`. Addresses, directories and logs are chosen here where they are not given. */
  readonly variables?: NginxVariables | undefined
}

/** A real `nginx` with the templates of `infra/nginx`, on loopback ports of its own. It is stopped with this process. */
export interface NginxServer {
  /** `http://127.0.0.1:port`, what clients reach. */
  readonly url: string
  /** `http://127.0.0.1:port`, health and metrics. */
  readonly statusUrl: string
  /** The file of its access log, written once a second. */
  readonly accessLog: string
  /** Of the master; undefined while it does not run. */
  readonly pid: number | undefined
  /** Its last lines, of the error log and before there is one. */
  readonly output: () => string
  /**
   * Loads a configuration with these variables on top of those it was started with, and resolves once no worker of the old one
   * takes connections.
   * @throws Error with what `nginx -t` says of a configuration that is none; the old one stays
   */
  reload(variables?: NginxVariables): Promise<void>
  /** Lets requests in flight end (SIGQUIT), and removes its directories. Doing it twice is doing it once. */
  close(): Promise<void>
}

/**
 * Starts `nginx`, found on the PATH.
 * @throws Error saying what it printed, if it does not start
 */
export async function startNginx({ variables = {} }: NginxOptions = {}): Promise<NginxServer> {
  const directory = await mkdtemp(join(tmpdir(), 'photos-nginx-'))
  // Workers of a master that runs as root are another user.
  await chmod(directory, 0o755)
  const server = new NginxProcess(directory, {
    EDGE_LISTEN: `127.0.0.1:${await freePort()}`,
    EDGE_LISTEN_STATUS: `127.0.0.1:${await freePort()}`,
    EDGE_RUN_DIR: directory,
    EDGE_CACHE_DIR: cacheDirectory(directory),
    EDGE_ACCESS_LOG: join(directory, 'access.log'),
    EDGE_ERROR_LOG: 'stderr',
    EDGE_ERROR_LOG_LEVEL: 'notice',
    ...variables,
  })
  try {
    await server.start()
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

/** On the tmpfs that Linux has, else with the other files. */
function cacheDirectory(directory: string): string {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return join('/dev/shm', basename(directory))
  } catch {
    return join(directory, 'cache')
  }
}

const MAX_LINES = 200

class NginxProcess implements NginxServer {
  readonly #directory: string
  readonly #base: NginxVariables
  readonly #lines: string[] = []
  /** Process ids of the workers that take connections. */
  readonly #workers = new Set<number>()
  #child: ChildProcess | undefined
  #onLine: () => void = () => undefined
  // The master ends its workers; killed, it would leave them behind.
  readonly #stopWithParent = () => this.#child?.kill('SIGTERM')

  constructor(directory: string, base: NginxVariables) {
    this.#directory = directory
    this.#base = base
    process.on('exit', this.#stopWithParent)
  }

  get url(): string {
    return urlOf(this.#base['EDGE_LISTEN'])
  }

  get statusUrl(): string {
    return urlOf(this.#base['EDGE_LISTEN_STATUS'])
  }

  get accessLog(): string {
    return this.#base['EDGE_ACCESS_LOG'] ?? ''
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  output(): string {
    return this.#lines.join('\n')
  }

  async start(): Promise<void> {
    await renderNginx(this.#directory, this.#base)
    // A process group of its own: a Ctrl-C in the terminal is for who started it.
    const child = spawn('nginx', [...this.#args(), '-g', 'daemon off;'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    })
    this.#child = child
    createInterface(child.stderr).on('line', (line) => this.#read(line))
    const failed = new Promise<never>((_resolve, reject) => {
      child.once('error', ({ message }) => reject(new Error(`nginx does not start: ${message}`)))
      child.once('close', (code, signal) => {
        reject(new Error(`nginx ended with ${code ?? signal} before it was ready\n${this.output()}`))
      })
    })
    // Once it is ready, its end is no failure to start.
    failed.catch(() => undefined)
    await Promise.race([this.#until(() => this.#workers.size > 0), failed])
  }

  async reload(variables: NginxVariables = {}): Promise<void> {
    const child = this.#child
    if (child === undefined || !isRunning(child)) throw new Error('nginx is not running')
    await renderNginx(this.#directory, { ...this.#base, ...variables })
    await runCommand('nginx', [...this.#args(), '-q', '-t'])
    const old = [...this.#workers]
    child.kill('SIGHUP')
    await this.#until(() => this.#workers.size > 0 && !old.some((pid) => this.#workers.has(pid)))
  }

  async close(): Promise<void> {
    process.off('exit', this.#stopWithParent)
    const child = this.#child
    this.#child = undefined
    if (child !== undefined && isRunning(child)) {
      const ended = once(child, 'close')
      child.kill('SIGQUIT')
      // A worker that clients hold on to would else keep it for as long as worker_shutdown_timeout.
      const impatience = setTimeout(() => child.kill('SIGTERM'), 5000)
      await ended
      clearTimeout(impatience)
    }
    await rm(this.#directory, { recursive: true, force: true })
    const cache = this.#base['EDGE_CACHE_DIR']
    if (cache !== undefined) await rm(cache, { recursive: true, force: true })
  }

  #args(): string[] {
    return ['-e', 'stderr', '-p', this.#directory, '-c', 'nginx.conf']
  }

  /** Workers come and go with lines of the error log. */
  #read(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > MAX_LINES) this.#lines.shift()
    const started = /start worker process (\d+)/.exec(line)?.[1]
    if (started !== undefined) this.#workers.add(Number(started))
    const leaving = /\[notice\] (\d+)#\d+: (?:gracefully shutting down|exiting)/.exec(line)?.[1]
    if (leaving !== undefined) this.#workers.delete(Number(leaving))
    const died = /worker process (\d+) exited/.exec(line)?.[1]
    if (died !== undefined) this.#workers.delete(Number(died))
    this.#onLine()
  }

  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#onLine = () => {
        if (!isSo()) return
        this.#onLine = () => undefined
        resolve()
      }
      this.#onLine()
    })
  }
}

/** Of an nginx `listen`: `[address:]port`. */
function urlOf(listen = ''): string {
  return `http://${listen.includes(':') ? listen : `127.0.0.1:${listen}`}`
}
