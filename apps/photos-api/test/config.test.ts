import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError, Environment, loadConfig } from 'photos-api'
import { test } from 'tap'

test('nothing needs to be set', async (t) => {
  const config = loadConfig({}, { baseDir: '/srv' })
  t.match(config, {
    host: '127.0.0.1',
    port: 3000,
    dataDir: resolve('/srv/data'),
    couchdbUrls: [],
    replicas: 1,
    cache: {
      enabled: true,
      redisUrl: undefined,
      memoryBytes: 64 * 1024 * 1024,
      staleIfErrorMs: 60_000,
    },
  })
})

test('what is set is used, and an empty variable is an unset one', async (t) => {
  const env = {
    PORT: '8080',
    PHOTOS_DATA_DIR: '/var/lib/photos',
    COUCHDB_URL: 'http://a:5984/photos,http://b:5984/photos',
    PHOTOS_MAX_PHOTOS: '',
    TRUST_PROXY: '127.0.0.1, 10.0.0.0/8',
    NODE_ENV: 'production',
    REDIS_URL: 'rediss://cache:6379/1',
    PHOTOS_CACHE: 'off',
    PHOTOS_CACHE_MEMORY_MB: '0',
    PHOTOS_CACHE_STALE_SECONDS: '5',
  }
  t.match(loadConfig(env), {
    production: true,
    port: 8080,
    dataDir: '/var/lib/photos',
    couchdbUrls: ['http://a:5984/photos', 'http://b:5984/photos'],
    maxPhotos: 1000,
    trustProxy: ['127.0.0.1', '10.0.0.0/8'],
    cache: { enabled: false, redisUrl: 'rediss://cache:6379/1', memoryBytes: 0, staleIfErrorMs: 5000 },
  })
})

test('one message names every bad variable, misspelt ones included', async (t) => {
  const env = {
    PORT: 'many',
    LOG_LEVEL: 'loud',
    PHOTOS_REPLICAS: '0',
    PHOTOS_REPLICSA: '2',
    COUCHDB_URL: 'http://a:5984',
    REDIS_URL: 'localhost:6379',
    PHOTOS_CACHE: 'yes',
  }
  t.throws(() => loadConfig(env), ConfigError)
  try {
    loadConfig(env)
  } catch (error) {
    for (const name of Object.keys(env)) t.match(String(error), name)
    t.match(String(error), /fatal, error, warn/)
    t.notMatch(String(error), '\n')
  }
})

test('.env.example and the README name every variable with its default', async (t) => {
  const root = new URL('../../../', import.meta.url)
  const example = readFileSync(new URL('.env.example', root), 'utf8')
  const readme = readFileSync(new URL('README.md', root), 'utf8')
  for (const [name, schema] of Object.entries(Environment.properties)) {
    const fallback = 'default' in schema ? String(schema.default) : ''
    t.ok(example.includes(`\n# ${name}=${fallback}\n`), `.env.example: ${name}`)
    t.ok(readme.includes(`| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\` `}|`), `README: ${name}`)
  }
})
