import { fileURLToPath } from 'node:url'
import { couchdbData } from '../data/couchdb-data.js'
import { noCouchdb } from '../data/couchdb-servers.js'
import { freePort, startServerProcess } from './server-process.js'
import { releasing } from './service.js'
import type { Subject } from './subject.js'

const SERVER = fileURLToPath(new URL('./bare-batches-server.js', import.meta.url))

/** What CouchDB and this machine can give to any server of Node that gathers: no service over them can be faster. */
export const bareBatches: Subject = bareBatchesBy(
  'the least that a server over CouchDB has to do: batches',
  {},
)

/** The same where no read asks CouchDB: what no cache can be faster than. */
export const bareBatchesCached: Subject = bareBatchesBy(
  'the least that a server over CouchDB has to do: batches of writes, and one fixed answer to each read',
  { A_CACHE: '1' },
)

function bareBatchesBy(description: string, env: Readonly<Record<string, string>>): Subject {
  return {
    description,
    answers: 'fixed',
    unavailable: noCouchdb,
    async start(context) {
      const { urls, release } = await couchdbData(context)
      try {
        const port = await freePort()
        const server = await startServerProcess({
          name: 'bare-batches',
          args: [SERVER],
          env: {
            NODE_ENV: 'production',
            PORT: String(port),
            ANSWER_BYTES: String(context.answerBytes),
            DATABASE_URLS: urls.join(','),
            ...env,
          },
          port,
          readyPath: '/ready',
        })
        return releasing(server, release)
      } catch (error) {
        await release()
        throw error
      }
    },
  }
}
