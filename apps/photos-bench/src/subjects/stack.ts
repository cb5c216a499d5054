import { cachedData } from '../data/cached-data.js'
import { noCouchdb } from '../data/couchdb-servers.js'
import { BEHIND_EDGE, behindEdge, noNginx } from './edge.js'
import { readAll } from './read-all.js'
import { releasing, startService } from './service.js'
import type { RunningSubject, Subject } from './subject.js'

/** As `stack` starts them where it is not told. */
const REPLICAS = 2

/** The whole system as it is deployed over CouchDB, after a while of service: every workspace was read once. */
export const stack: Subject = {
  description: 'NGINX with its microcache, in front of two replicas of photos-api over CouchDB and Redis',
  answers: 'samples',
  unavailable: (env) => noCouchdb(env) ?? noNginx(),
  async start(context) {
    const data = await cachedData(context)
    const settings = { ...data.settings, ...BEHIND_EDGE }
    const replicas: RunningSubject[] = []
    try {
      for (let nth = 1; nth <= REPLICAS; nth++) {
        const replica = await startService(`replica ${nth}`, context, settings)
        replicas.push(replica)
        if (nth === 1) await readAll(replica.origin, context)
      }
      return releasing(await behindEdge(replicas), data.release)
    } catch (error) {
      await Promise.all(replicas.map((replica) => replica.stop()))
      await data.release()
      throw error
    }
  },
}
