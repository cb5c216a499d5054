import { resolve } from 'node:path'
import envSchema from 'env-schema'
import Type, { type Static } from 'typebox'

/** Every environment variable there is. What it says here is what the README's table and .env.example say. */
export const Environment = Type.Object({
  NODE_ENV: Type.String({ default: 'development', description: '`production` turns the sample data off' }),
  HOST: Type.String({ default: '127.0.0.1', minLength: 1, description: 'address to listen on' }),
  PORT: Type.Integer({
    default: 3000,
    minimum: 0,
    maximum: 65535,
    description: 'port to listen on; 0 takes a free one',
  }),
  LOG_LEVEL: Type.Unsafe<'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'>({
    type: 'string',
    enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    description: '`info` logs one line a request; `warn` and above log none on the hot path',
  }),
  TRUST_PROXY: Type.String({
    default: '',
    description: 'addresses or CIDR ranges of proxies whose X-Forwarded-* are believed, comma-separated',
  }),
  PHOTOS_REPLICAS: Type.Integer({
    default: 1,
    minimum: 1,
    maximum: 256,
    description: 'processes that share the port',
  }),
  PHOTOS_DATA_DIR: Type.String({
    default: './data',
    minLength: 1,
    description: 'directory of the embedded store, used when COUCHDB_URL is unset',
  }),
  COUCHDB_URL: Type.String({
    default: '',
    pattern: '^(https?://[^,\\s]+/[^,/\\s]+(,https?://[^,\\s]+/[^,/\\s]+)*)?$',
    description: 'CouchDB database, or the same one on several nodes, comma-separated; the path is its name',
  }),
  REDIS_URL: Type.String({
    default: '',
    pattern: '^(rediss?://\\S+)?$',
    description: 'Redis for the shared cache tier around CouchDB; unset: no Redis tier',
  }),
  PHOTOS_CACHE: Type.Unsafe<'on' | 'off'>({
    type: 'string',
    enum: ['on', 'off'],
    default: 'on',
    description: '`off` turns every cache tier off; the embedded store needs none',
  }),
  PHOTOS_CACHE_MEMORY_MB: Type.Integer({
    default: 64,
    minimum: 0,
    maximum: 65_536,
    description: 'memory of the in-process cache tier, in MiB for each process; 0: no in-process tier',
  }),
  PHOTOS_CACHE_STALE_SECONDS: Type.Integer({
    default: 60,
    minimum: 0,
    maximum: 86_400,
    description: 'how long, while CouchDB is away, what is cached is served, marked stale; 0: not at all',
  }),
  PHOTOS_SAMPLE_WORKSPACES: Type.Integer({
    default: 1000,
    minimum: 0,
    maximum: 1_000_000,
    description: 'sample workspaces put into a new embedded store outside production; 0 for none',
  }),
  PHOTOS_MAX_PHOTOS: Type.Integer({
    default: 1000,
    minimum: 1,
    maximum: 10_000,
    description: 'the most photos a workspace may hold',
  }),
  PHOTOS_BODY_LIMIT_BYTES: Type.Integer({
    default: 65_536,
    minimum: 1024,
    maximum: 16_777_216,
    description: 'the largest request body that is read',
  }),
  PHOTOS_REQUEST_TIMEOUT_MS: Type.Integer({
    default: 30_000,
    minimum: 1000,
    maximum: 600_000,
    description: 'how long a client may take to send a request',
  }),
  PHOTOS_KEEP_ALIVE_TIMEOUT_MS: Type.Integer({
    default: 72_000,
    minimum: 1000,
    maximum: 600_000,
    description:
      "how long an idle connection is kept; longer than the proxy's own, so that the proxy closes first",
  }),
  PHOTOS_SHUTDOWN_TIMEOUT_MS: Type.Integer({
    default: 20_000,
    minimum: 100,
    maximum: 600_000,
    description: 'how long requests in flight may take to finish after SIGTERM',
  }),
})

/** The cache around a store whose reads leave the process. */
export interface CacheConfig {
  readonly enabled: boolean
  /** Undefined: there is no Redis tier. */
  readonly redisUrl: string | undefined
  /** For each process; 0: there is no in-process tier. */
  readonly memoryBytes: number
  readonly staleIfErrorMs: number
}

export interface Config {
  readonly production: boolean
  readonly host: string
  readonly port: number
  readonly logLevel: Static<typeof Environment>['LOG_LEVEL']
  /** Addresses or CIDR ranges. */
  readonly trustProxy: readonly string[]
  readonly replicas: number
  /** Absolute path. */
  readonly dataDir: string
  /** Empty: the embedded store is used. */
  readonly couchdbUrls: readonly string[]
  readonly cache: CacheConfig
  readonly sampleWorkspaces: number
  readonly maxPhotos: number
  readonly bodyLimitBytes: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly shutdownTimeoutMs: number
}

/** The configuration is not usable. The message names every bad variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export interface LoadConfigOptions {
  /** Read a `.env` file of the working directory under the environment. Default false. */
  readonly dotenv?: boolean
  /** What relative paths start from. Default: the working directory. */
  readonly baseDir?: string
}

/**
 * Reads the configuration from environment variables.
 * @throws ConfigError naming every variable that is wrong, and every `PHOTOS_` variable that does not exist
 */
export function loadConfig(
  env: NodeJS.ProcessEnv,
  { dotenv = false, baseDir = process.cwd() }: LoadConfigOptions = {},
): Config {
  const set = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  )
  const unknown = Object.keys(set).filter(
    (name) => name.startsWith('PHOTOS_') && !(name in Environment.properties),
  )
  const { values, problems } = parse(set, dotenv)
  problems.push(...unknown.map((name) => `${name} is not a variable of this service`))
  if (problems.length > 0) throw new ConfigError(`configuration: ${problems.join('; ')}`)
  return {
    production: values.NODE_ENV === 'production',
    host: values.HOST,
    port: values.PORT,
    logLevel: values.LOG_LEVEL,
    trustProxy: list(values.TRUST_PROXY),
    replicas: values.PHOTOS_REPLICAS,
    dataDir: resolve(baseDir, values.PHOTOS_DATA_DIR),
    couchdbUrls: list(values.COUCHDB_URL),
    cache: {
      enabled: values.PHOTOS_CACHE === 'on',
      redisUrl: values.REDIS_URL === '' ? undefined : values.REDIS_URL,
      memoryBytes: values.PHOTOS_CACHE_MEMORY_MB * 1024 * 1024,
      staleIfErrorMs: values.PHOTOS_CACHE_STALE_SECONDS * 1000,
    },
    sampleWorkspaces: values.PHOTOS_SAMPLE_WORKSPACES,
    maxPhotos: values.PHOTOS_MAX_PHOTOS,
    bodyLimitBytes: values.PHOTOS_BODY_LIMIT_BYTES,
    requestTimeoutMs: values.PHOTOS_REQUEST_TIMEOUT_MS,
    keepAliveTimeoutMs: values.PHOTOS_KEEP_ALIVE_TIMEOUT_MS,
    shutdownTimeoutMs: values.PHOTOS_SHUTDOWN_TIMEOUT_MS,
  }
}

interface SchemaProblem {
  readonly instancePath: string
  readonly message?: string
  readonly params: { readonly allowedValues?: readonly string[] }
}

function parse(
  env: NodeJS.ProcessEnv,
  dotenv: boolean,
): { values: Static<typeof Environment>; problems: string[] } {
  // The validator fills in defaults and drops what it does not know, so it gets a schema of its own to work on.
  const schema = structuredClone({ type: 'object', properties: Environment.properties })
  try {
    return { values: envSchema({ schema, data: env, env: false, dotenv }), problems: [] }
  } catch (error) {
    if (!(error instanceof Error && 'errors' in error && Array.isArray(error.errors))) throw error
    const problems = (error.errors as SchemaProblem[]).map(({ instancePath, message, params }) => {
      const allowed = params.allowedValues === undefined ? '' : ` (${params.allowedValues.join(', ')})`
      return `${instancePath.slice(1)} ${message ?? 'is wrong'}${allowed}`
    })
    return { values: {} as Static<typeof Environment>, problems }
  }
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
