import { fileURLToPath } from 'node:url'
import { couchdbData } from '../data/couchdb-data.js'
import { noCouchdb } from '../data/couchdb-servers.js'
import { freePort, startServerProcess } from './server-process.js'
import { releasing } from './service.js'
import type { Subject } from './subject.js'

const SERVER = fileURLToPath(new URL('./nano-get-server.js', import.meta.url))

/** What one would write first: the same Fastify routes over nano, one request to CouchDB for each read and each write. */
export const nanoGet: Subject = {
  description: 'Fastify routes over nano.get and nano.insert, on the same documents',
  answers: 'samples',
  unavailable: noCouchdb,
  async start(context) {
    const { urls, release } = await couchdbData(context)
    try {
      const port = await freePort()
      const server = await startServerProcess({
        name: 'nano-get',
        args: [SERVER],
        env: { NODE_ENV: 'production', PORT: String(port), DATABASE_URL: urls[0] ?? '' },
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
