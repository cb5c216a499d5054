import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A PouchDB that speaks CouchDB's HTTP API, in a process of its own. */
export interface PouchdbServer {
  /** Its root, without a path: `http://127.0.0.1:4321`. */
  readonly url: string
  /** Kills it (SIGKILL); resolves once it is dead. What it has stored stays for {@link restart}. */
  readonly kill: () => Promise<void>
  /** SIGSTOP: connections stay open, and nothing answers. */
  readonly pause: () => void
  /** SIGCONT: it goes on, and answers what was sent meanwhile. */
  readonly resume: () => void
  /** Starts it again after {@link kill}, on the same port, with what it had stored. */
  readonly restart: () => Promise<void>
  /** Kills it and removes what it has stored. Doing it twice is doing it once. */
  readonly stop: () => Promise<void>
}

/** Starts a PouchDB on a free loopback port with an empty folder of its own. It ends with this process at the latest. */
export async function startPouchdb(): Promise<PouchdbServer> {
  const folder = await mkdtemp(join(tmpdir(), 'photos-pouchdb-'))
  let running = await spawnPouchdb(folder, 0)
  const { port } = running
  const kill = async () => {
    const { child } = running
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  return {
    url: `http://127.0.0.1:${port}`,
    kill,
    pause: () => signal(running.child, 'SIGSTOP'),
    resume: () => signal(running.child, 'SIGCONT'),
    restart: async () => {
      running = await spawnPouchdb(folder, port)
    },
    stop: async () => {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function signal(child: ChildProcessWithoutNullStreams, name: NodeJS.Signals): void {
  if (!child.kill(name)) throw new Error('PouchDB is not running')
}

async function spawnPouchdb(
  folder: string,
  port: number,
): Promise<{ readonly child: ChildProcessWithoutNullStreams; readonly port: number }> {
  const script = fileURLToPath(new URL('pouchdb-process.js', import.meta.url))
  const child = spawn(process.execPath, ['--no-deprecation', script, folder, String(port)])
  child.stderr.pipe(process.stderr, { end: false })
  for await (const line of createInterface(child.stdout)) return { child, port: Number(line) }
  throw new Error('PouchDB ended before it served')
}

/** A database that was made for one test. */
export interface TestDatabase {
  readonly name: string
  /** The database by the URL of each node, credentials included. */
  readonly urls: readonly string[]
  readonly remove: () => Promise<void>
}

/** Where tests find a CouchDB: the real one that COUCHDB_URL names, or else a PouchDB of their own. */
export interface TestCouchdb {
  readonly engine: 'couchdb' | 'pouchdb'
  /** The root of each node, credentials included, without a path. */
  readonly serverUrls: readonly string[]
  /** Makes an empty database with a name that was never used, for who has not one from `photos couchdb init`. */
  readonly createDatabase: () => Promise<TestDatabase>
  /** A name for a database that does not exist. */
  readonly newName: () => string
  /** Lets go of the server; removing the databases is for who made them. */
  readonly stop: () => Promise<void>
}

/**
 * Opens the CouchDB of the environment variable COUCHDB_URL (the URLs of its nodes, separated by commas, with the credentials of
 * an administrator; their path is ignored), or starts a PouchDB where the variable is unset.
 */
export async function openTestCouchdb(): Promise<TestCouchdb> {
  const named = process.env['COUCHDB_URL'] ?? ''
  const pouchdb = named === '' ? await startPouchdb() : undefined
  const serverUrls = pouchdb === undefined ? named.split(',').map(rootOf) : [pouchdb.url]
  const newName = () => `photos-test-${randomUUID()}`
  return {
    engine: pouchdb === undefined ? 'couchdb' : 'pouchdb',
    serverUrls,
    newName,
    createDatabase: async () => {
      const name = newName()
      await sendToFirst(serverUrls, 'PUT', name)
      if (serverUrls.length > 1) await openCopies(serverUrls, name)
      return {
        name,
        urls: serverUrls.map((url) => `${url}/${name}`),
        remove: () => sendToFirst(serverUrls, 'DELETE', name),
      }
    },
    stop: async () => pouchdb?.stop(),
  }
}

/** The URL without its path, which is where a server is. */
function rootOf(url: string): string {
  const root = new URL(url)
  root.pathname = '/'
  return root.href.slice(0, -1)
}

/**
 * Reads of each copy of each shard. A copy that a write is the first to open takes it later than the one after it, and the two are
 * then in conflict there, which in a database that has been in use for a second is rare.
 */
async function openCopies(serverUrls: readonly string[], name: string): Promise<void> {
  for (let id = 0; id < 16; id++) await sendToFirst(serverUrls, 'GET', `${name}/${id}?r=${serverUrls.length}`)
}

async function sendToFirst(
  serverUrls: readonly string[],
  method: 'PUT' | 'DELETE' | 'GET',
  path: string,
): Promise<void> {
  const url = new URL(`${serverUrls[0]}/${path}`)
  const { username, password } = url
  url.username = ''
  url.password = ''
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const headers =
    username === '' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
  const answer = await fetch(url, { method, headers })
  const text = await answer.text()
  const isFine = answer.ok || (method === 'GET' && answer.status === 404)
  if (!isFine) throw new Error(`${method} ${url.href} answered ${answer.status}: ${text}`)
}
