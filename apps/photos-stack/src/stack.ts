import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from 'photos-api/config'
import {
  type NginxServer,
  type NginxVariables,
  nginxServers,
  type RedisServer,
  startNginx,
  startRedis,
} from 'photos-test-servers'
import { unusedPort } from './ports.js'
import { Replica } from './replica.js'

export interface StackOptions {
  /** Loopback port of NGINX. */
  readonly port: number
  readonly replicas: number
  /** The first port that a replica may take. Default 3001. */
  readonly firstReplicaPort?: number
  /** Variables of `infra/nginx/variables.env`. */
  readonly edge?: NginxVariables
  /** Of the replicas, on top of this process's own. */
  readonly env?: NodeJS.ProcessEnv
  /** Told what happens, a line at a time. */
  readonly log: (line: string) => void
}

export interface ReplicaStatus {
  readonly port: number
  readonly pid: number | undefined
  readonly ready: boolean
}

export interface StackStatus {
  readonly url: string
  /** Health and metrics of NGINX. */
  readonly statusUrl: string
  readonly store: 'CouchDB' | 'embedded'
  readonly redis: string | undefined
  readonly replicas: readonly ReplicaStatus[]
}

export const MAX_REPLICAS = 64
/** NGINX leaves a replica that failed out for 2 s, which it counts in whole seconds. */
const LEFT_OUT_MS = 3000

/** The whole system as processes of this machine, all from the files of `infra`. Changes are made one after the other. */
export class Stack {
  readonly #options: StackOptions
  readonly #directory: string
  readonly #nginx: NginxServer
  readonly #redis: RedisServer | undefined
  readonly #makeReplica: (port: number) => Replica
  readonly #usesCouchdb: boolean
  readonly #replicas: Replica[]
  #changes: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  private constructor(options: StackOptions, parts: StackParts) {
    this.#options = options
    this.#directory = parts.directory
    this.#nginx = parts.nginx
    this.#redis = parts.redis
    this.#makeReplica = parts.makeReplica
    this.#usesCouchdb = parts.usesCouchdb
    this.#replicas = parts.replicas
  }

  /**
   * Starts everything, and resolves once every replica is ready and NGINX passes requests to them.
   * @throws Error saying which part did not start and what it said; then nothing is left running
   */
  static async start(options: StackOptions): Promise<Stack> {
    const env = { ...process.env, ...options.env }
    const config = loadConfig(env, { dotenv: true, baseDir: env['INIT_CWD'] ?? process.cwd() })
    const usesCouchdb = config.couchdbUrls.length > 0
    const directory = await mkdtemp(join(tmpdir(), 'photos-stack-'))
    const opened: { close(): Promise<void> }[] = [
      { close: () => rm(directory, { recursive: true, force: true }) },
    ]
    try {
      const needsRedis = usesCouchdb && (env['REDIS_URL'] ?? '') === ''
      const redis = needsRedis ? await startRedis() : undefined
      if (redis !== undefined) opened.push(redis)
      const replicaEnv = {
        LOG_LEVEL: 'warn',
        ...env,
        TRUST_PROXY: '127.0.0.1',
        PHOTOS_DATA_DIR: config.dataDir,
        ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
      }
      const makeReplica = (port: number) =>
        new Replica({
          port,
          env: replicaEnv,
          logFile: join(directory, `replica-${port}.log`),
          onDeath: (how) => options.log(`replica ${port} died (${how}); starting it again`),
        })
      const replicas: Replica[] = []
      opened.push({ close: () => stopAll(replicas) })
      await addReplicas(replicas, options.replicas, options.firstReplicaPort, makeReplica)
      const nginx = await startNginx({
        variables: {
          ...options.edge,
          EDGE_LISTEN: `127.0.0.1:${options.port}`,
          EDGE_SERVERS: serversOf(replicas),
        },
      })
      opened.push(nginx)
      return new Stack(options, { directory, nginx, redis, makeReplica, usesCouchdb, replicas })
    } catch (error) {
      for (const part of opened.reverse()) await part.close()
      throw error
    }
  }

  get url(): string {
    return this.#nginx.url
  }

  /** The file of NGINX's access log. */
  get accessLog(): string {
    return this.#nginx.accessLog
  }

  async status(): Promise<StackStatus> {
    const replicas = this.#replicas.map(async (replica) => ({
      port: replica.port,
      pid: replica.pid,
      ready: await replica.isReady(),
    }))
    return {
      url: this.#nginx.url,
      statusUrl: this.#nginx.statusUrl,
      store: this.#usesCouchdb ? 'CouchDB' : 'embedded',
      redis: this.#redis?.url,
      replicas: await Promise.all(replicas),
    }
  }

  /**
   * Starts every replica anew, one at a time: it drains and ends, starts, and takes requests again before the next one
   * goes. Of a single replica a second one is there meanwhile.
   */
  roll(log: (line: string) => void = this.#options.log): Promise<void> {
    return this.#change(async () => {
      const [first, ...others] = this.#replicas
      if (first !== undefined && others.length === 0) {
        await this.#scaleTo(2)
        await this.#rollOne(first, log)
        await this.#scaleTo(1)
      } else {
        for (const replica of this.#replicas) await this.#rollOne(replica, log)
      }
    })
  }

  /** Adds replicas or takes the last ones away. No request fails by it. @throws RangeError */
  scale(replicas: number): Promise<void> {
    return this.#change(() => this.#scaleTo(replicas))
  }

  /** Loads the configuration of NGINX anew. */
  reload(): Promise<void> {
    return this.#change(() => this.#reloadNginx())
  }

  /** Stops everything, NGINX first, and removes all files. Doing it twice is doing it once. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #rollOne(replica: Replica, log: (line: string) => void): Promise<void> {
    const before = replica.pid
    await replica.stop()
    this.#refuseIfClosing()
    await replica.start()
    log(`replica ${replica.port}: process ${before} ended, ${replica.pid} is ready`)
    // NGINX may still leave it out; the next one goes only when this one is asked again.
    await new Promise((resolve) => setTimeout(resolve, LEFT_OUT_MS))
  }

  async #scaleTo(count: number): Promise<void> {
    if (!Number.isInteger(count) || count < 1 || count > MAX_REPLICAS)
      throw new RangeError(`there can be 1 to ${MAX_REPLICAS} replicas`)
    await addReplicas(this.#replicas, count, this.#options.firstReplicaPort, this.#makeReplica)
    const leaving = this.#replicas.splice(count)
    await this.#reloadNginx()
    await stopAll(leaving)
  }

  #reloadNginx(): Promise<void> {
    return this.#nginx.reload({ EDGE_SERVERS: serversOf(this.#replicas) })
  }

  #refuseIfClosing(): void {
    if (this.#closing !== undefined) throw new Error('the stack is stopping')
  }

  #change(make: () => Promise<void>): Promise<void> {
    const change = this.#changes.then(() => {
      this.#refuseIfClosing()
      return make()
    })
    this.#changes = change.catch(() => undefined)
    return change
  }

  async #close(): Promise<void> {
    await this.#nginx.close()
    await this.#changes
    await stopAll(this.#replicas)
    await this.#redis?.close()
    await rm(this.#directory, { recursive: true, force: true })
  }
}

interface StackParts {
  readonly directory: string
  readonly nginx: NginxServer
  readonly redis: RedisServer | undefined
  readonly makeReplica: (port: number) => Replica
  readonly usesCouchdb: boolean
  readonly replicas: Replica[]
}

/** The first one is started alone: it may have a new store to fill. */
async function addReplicas(
  replicas: Replica[],
  count: number,
  firstPort = 3001,
  makeReplica: (port: number) => Replica,
): Promise<void> {
  while (replicas.length < count) {
    const taken = new Set(replicas.map(({ port }) => port))
    const isFirst = replicas.length === 0
    const added: Replica[] = []
    while (replicas.length + added.length < (isFirst ? 1 : count)) {
      const port = await unusedPort(firstPort, taken)
      taken.add(port)
      added.push(makeReplica(port))
    }
    const starts = await Promise.allSettled(added.map((replica) => replica.start()))
    const failed = starts.find((start) => start.status === 'rejected')
    if (failed !== undefined) {
      await stopAll(added)
      throw failed.reason
    }
    replicas.push(...added)
  }
}

async function stopAll(replicas: readonly Replica[]): Promise<void> {
  await Promise.all(replicas.map((replica) => replica.stop()))
}

const serversOf = (replicas: readonly Replica[]): string => nginxServers(replicas.map(({ port }) => port))
