import { couchdbData } from '../data/couchdb-data.js'
import { noCouchdb } from '../data/couchdb-servers.js'
import { startService } from './service.js'
import type { Subject } from './subject.js'

/** The service over CouchDB with every cache off: each read goes to the database. */
export const couchdb: Subject = {
  description: 'photos-api over CouchDB, one replica, no cache',
  answers: 'samples',
  unavailable: noCouchdb,
  async start(context) {
    const data = await couchdbData(context)
    return startService('couchdb', context, { COUCHDB_URL: data.urls.join(','), PHOTOS_CACHE: 'off' }, () =>
      data.release(),
    )
  },
}
