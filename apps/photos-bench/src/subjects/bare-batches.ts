import { fileURLToPath } from 'node:url'
import { noCouchdb } from '../data/couchdb-servers.js'
import { startOverCouchdb } from './over-couchdb.js'
import type { Subject } from './subject.js'

const server = fileURLToPath(new URL('./bare-batches-server.js', import.meta.url))

/** What a server of Node reaches that gathers as the service does by default, and does nothing else. */
export const bareBatches: Subject = bareBatchesBy(
  'the least that a server over CouchDB has to do: batches',
  {},
)

/** The same where no read asks CouchDB: a cache that has everything, and costs nothing. */
export const bareBatchesCached: Subject = bareBatchesBy(
  'the least that a server over CouchDB has to do: batches of writes, and one fixed answer to each read',
  { A_CACHE: '1' },
)

function bareBatchesBy(description: string, more: Readonly<Record<string, string>>): Subject {
  return {
    description,
    answers: 'fixed',
    unavailable: noCouchdb,
    start(context) {
      const env = (urls: readonly string[]) => ({
        ANSWER_BYTES: String(context.answerBytes),
        DATABASE_URLS: urls.join(','),
        ...more,
      })
      return startOverCouchdb({ name: 'bare-batches', server, env }, context)
    },
  }
}
