import nano, { type ServerScope } from 'nano'
import { SetupError } from '../errors.js'

/** Why nothing can be measured on CouchDB here; undefined where COUCHDB_URL names one. */
export function noCouchdb({ COUCHDB_URL }: NodeJS.ProcessEnv): string | undefined {
  return COUCHDB_URL ? undefined : 'COUCHDB_URL names no CouchDB'
}

/**
 * The nodes that COUCHDB_URL names, comma-separated, each with the credentials of an administrator, as the benchmark makes
 * databases of its own: `http://admin:password@127.0.0.1:5984`. A database in the path is left alone.
 */
export function couchdbServers(): readonly string[] {
  const urls = (process.env['COUCHDB_URL'] ?? '').split(',').filter((url) => url.trim() !== '')
  return urls.map((text) => {
    if (!URL.canParse(text))
      throw new SetupError('COUCHDB_URL must look like http://admin:password@host:5984')
    const url = new URL(text)
    url.pathname = ''
    return url.href.replace(/\/$/, '')
  })
}

/** The URLs of one database at every node. */
export const databaseUrls = (name: string): readonly string[] =>
  couchdbServers().map((server) => `${server}/${name}`)

/** One node, for what the benchmark itself asks. */
export function firstServer(): ServerScope {
  const [server] = couchdbServers()
  if (server === undefined) throw new SetupError('COUCHDB_URL names no CouchDB')
  return nano(server)
}

/** Makes a database where there is none, and resolves to how many documents it has. */
export async function makeDatabase(name: string): Promise<number> {
  const server = firstServer()
  try {
    await server.db.create(name)
  } catch (error) {
    if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 412)) throw error
  }
  return (await server.db.get(name)).doc_count
}
