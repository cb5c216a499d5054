import { fileURLToPath } from 'node:url'
import { noCouchdb } from '../data/couchdb-servers.js'
import { startOverCouchdb } from './over-couchdb.js'
import type { Subject } from './subject.js'

const server = fileURLToPath(new URL('./nano-get-server.js', import.meta.url))

/** What one would write first: the same Fastify routes over nano, one request to CouchDB for each read and each write. */
export const nanoGet: Subject = {
  description: 'Fastify routes over nano.get and nano.insert, on the same documents',
  answers: 'samples',
  unavailable: noCouchdb,
  start: (context) =>
    startOverCouchdb({ name: 'nano-get', server, env: ([url = '']) => ({ DATABASE_URL: url }) }, context),
}
