import { setTimeout as delay } from 'node:timers/promises'
import { addressOf, basicAuthorization, type Credentials } from './addresses.js'
import { RequestFailure, toPhotosError } from './failure.js'
import { isObject, type JsonObject } from './json.js'
import { NanoClient } from './nano-client.js'

export interface InitOptions {
  /** The database to make, with the credentials of an administrator: `http://admin:password@host:5984/photos`. */
  readonly url: string
  /** Into how many shards the database is divided. Absent: CouchDB's own setting. */
  readonly q?: number | undefined
  /** On how many nodes each shard is kept. Absent: CouchDB's own setting. */
  readonly n?: number | undefined
  /** The account for the service to use. It is to read and write documents, and nothing else. */
  readonly member: Credentials
}

export interface InitResult {
  readonly database: 'created' | 'existed'
  readonly member: 'created' | 'password changed' | 'existed'
  readonly security: 'set' | 'was right'
  /** What the database has; absent where the server is no cluster that could tell. */
  readonly q?: number
  readonly n?: number
}

const TIMEOUT_MS = 30_000
/** How long what was written at one node of a cluster may take to hold at all. */
const PATIENCE_MS = 10_000

/**
 * Makes the database, the account of the service, and the rule that it is a member: each as far as it is not there. Checks
 * what has come of it. Doing it again changes nothing.
 * @throws PhotosError when CouchDB cannot be asked, or refuses the administrator
 * @throws TypeError when the URL cannot be right
 * @throws Error when the database exists with another q or n, which cannot be changed, or the result is not as it should be
 */
export async function initDatabase({ url, q, n, member }: InitOptions): Promise<InitResult> {
  const address = addressOf(url)
  const { database } = address
  const admin = new NanoClient(address)
  const service = new NanoClient({ ...address, authorization: basicAuthorization(member) })
  const stranger = new NanoClient({ ...address, authorization: undefined })
  try {
    const made = await makeDatabase(admin, database, { q, n })
    const shape = await shapeOf(admin, database)
    checkShape(shape, { q, n })
    const account = await makeMember(admin, service, member)
    const security = await setSecurity(admin, database, member.name)
    await checkAccess(service, stranger, database)
    return { database: made, member: account, security, ...shape }
  } catch (error) {
    throw error instanceof RequestFailure ? toPhotosError(error) : error
  } finally {
    await Promise.all([admin, service, stranger].map((client) => client.close()))
  }
}

interface Shape {
  readonly q?: number | undefined
  readonly n?: number | undefined
}

/** https://docs.couchdb.org/en/stable/api/database/common.html#put--db */
async function makeDatabase(
  admin: NanoClient,
  database: string,
  { q, n }: Shape,
): Promise<InitResult['database']> {
  const query = { ...(q === undefined ? {} : { q }), ...(n === undefined ? {} : { n }) }
  try {
    await admin.call({ method: 'PUT', path: database, query, timeoutMs: TIMEOUT_MS })
    return 'created'
  } catch (error) {
    if (error instanceof RequestFailure && error.error === 'file_exists') return 'existed'
    throw error
  }
}

async function shapeOf(admin: NanoClient, database: string): Promise<Pick<InitResult, 'q' | 'n'>> {
  const info = await get(admin, database)
  const cluster = isObject(info['cluster']) ? info['cluster'] : {}
  const { q, n } = cluster
  return { ...(typeof q === 'number' ? { q } : {}), ...(typeof n === 'number' ? { n } : {}) }
}

function checkShape(found: Shape, wanted: Shape): void {
  for (const key of ['q', 'n'] as const) {
    if (found[key] === undefined || wanted[key] === undefined || found[key] === wanted[key]) continue
    // CouchDB makes no more copies than there are nodes.
    const why = key === 'n' ? ', or the cluster has fewer nodes' : ''
    throw new Error(`the database has ${key}=${found[key]}, not ${wanted[key]}: it was made so${why}`)
  }
}

/** https://docs.couchdb.org/en/stable/intro/security.html#creating-a-new-user */
async function makeMember(
  admin: NanoClient,
  service: NanoClient,
  member: Credentials,
): Promise<InitResult['member']> {
  if (await canLogIn(service, member.name)) return 'existed'
  if ((await find(admin, '_users')) === undefined) {
    await admin.call({ method: 'PUT', path: '_users', timeoutMs: TIMEOUT_MS })
  }
  const path = `_users/${encodeURIComponent(`org.couchdb.user:${member.name}`)}`
  const account = await find(admin, path)
  const body = { roles: [], ...account, type: 'user', ...member }
  await admin.call({ method: 'PUT', path, body, timeoutMs: TIMEOUT_MS })
  await until('the account of the service cannot log in', () => canLogIn(service, member.name))
  return account === undefined ? 'created' : 'password changed'
}

/** https://docs.couchdb.org/en/stable/api/server/authn.html#get--_session */
async function canLogIn(client: NanoClient, name: string): Promise<boolean> {
  try {
    const { userCtx } = await get(client, '_session')
    if (!isObject(userCtx) || userCtx['name'] !== name) return false
    if (Array.isArray(userCtx['roles']) && userCtx['roles'].includes('_admin')) {
      throw new Error(`${name} is an administrator of the server: give the service an account of its own`)
    }
    return true
  } catch (error) {
    if (error instanceof RequestFailure && error.kind === 'credentials') return false
    throw error
  }
}

/** https://docs.couchdb.org/en/stable/api/database/security.html */
async function setSecurity(
  admin: NanoClient,
  database: string,
  name: string,
): Promise<InitResult['security']> {
  const security = await get(admin, `${database}/_security`)
  const members = partyOf(security['members'])
  const admins = partyOf(security['admins'])
  if (members.names.includes(name) && !admins.names.includes(name)) return 'was right'
  const body = {
    ...security,
    members: { ...members, names: [...new Set([...members.names, name])] },
    admins: { ...admins, names: admins.names.filter((other) => other !== name) },
  }
  await admin.call({ method: 'PUT', path: `${database}/_security`, body, timeoutMs: TIMEOUT_MS })
  return 'set'
}

interface Party {
  readonly names: readonly unknown[]
  readonly roles: readonly unknown[]
}

/** Who is a member, or an administrator, of a database. The administrators of the server are so whatever it says. */
function partyOf(value: unknown): Party {
  const { names, roles } = isObject(value) ? value : {}
  return { names: Array.isArray(names) ? names : [], roles: Array.isArray(roles) ? roles : ['_admin'] }
}

async function checkAccess(service: NanoClient, stranger: NanoClient, database: string): Promise<void> {
  await until('the account of the service cannot read the database', () => canRead(service, database))
  await until('the database is open to everybody', async () => !(await canRead(stranger, database)))
}

async function canRead(client: NanoClient, database: string): Promise<boolean> {
  try {
    await get(client, database)
    return true
  } catch (error) {
    if (error instanceof RequestFailure && error.kind === 'credentials') return false
    throw error
  }
}

/** Asks again and again until it is so, as the nodes of a cluster do not all know at once. */
async function until(otherwise: string, isSo: () => Promise<boolean>): Promise<void> {
  const start = performance.now()
  for (let waitMs = 20; !(await isSo()); waitMs = Math.min(1000, waitMs * 2)) {
    if (performance.now() - start > PATIENCE_MS) throw new Error(otherwise)
    await delay(waitMs)
  }
}

async function get(client: NanoClient, path: string): Promise<JsonObject> {
  const answer = await client.call({ path, timeoutMs: TIMEOUT_MS })
  return isObject(answer) ? answer : {}
}

/** As {@link get}; undefined where there is nothing. */
async function find(client: NanoClient, path: string): Promise<JsonObject | undefined> {
  try {
    return await get(client, path)
  } catch (error) {
    if (error instanceof RequestFailure && error.kind === 'missing') return undefined
    throw error
  }
}
