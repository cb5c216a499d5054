import { fileURLToPath } from 'node:url'
import { startRedis } from 'photos-test-servers'
import { couchdbServers, noCouchdb } from '../data/couchdb-servers.js'
import { originalDatabase } from '../data/original-data.js'
import { freePort, startServerProcess } from './server-process.js'
import { releasing } from './service.js'
import type { Subject } from './subject.js'

const SERVER = fileURLToPath(new URL('./original-server.js', import.meta.url))

/** The design that this system follows, rebuilt: Express, a Mango query for each miss, Redis with an expiry of 1 s. */
export const original: Subject = {
  description: "the original design's route: Express, Mango find, Redis setex of 1 s",
  answers: 'samples',
  unavailable: noCouchdb,
  async start(context) {
    const { name, release } = await originalDatabase(context)
    const redis = await startRedis()
    const releaseAll = async (): Promise<void> => {
      await redis.close()
      await release()
    }
    try {
      const port = await freePort()
      const server = await startServerProcess({
        name: 'original',
        args: [SERVER],
        env: {
          NODE_ENV: 'production',
          PORT: String(port),
          DATABASE_URL: `${couchdbServers()[0]}/${name}`,
          REDIS_URL: redis.url,
        },
        port,
        readyPath: '/ready',
      })
      return releasing(server, releaseAll)
    } catch (error) {
      await releaseAll()
      throw error
    }
  },
}
