import fastifyRedis from '@fastify/redis'
import fp from 'fastify-plugin'
import { Redis } from 'ioredis'

// Keeps what @fastify/redis declares, `fastify.redis`, in this package's types.
export type { FastifyRedis } from '@fastify/redis'

export interface RedisConnectionOptions {
  /** `redis://` or `rediss://`, with the user, password and database where needed. */
  readonly url: string
}

/**
 * Registers @fastify/redis with a client that connects when it is first used: the app starts, and serves, also while Redis is
 * away or its name is not known. By itself @fastify/redis holds the start up until Redis answers, and gives up in the end.
 */
export const redisConnection = fp<RedisConnectionOptions>(
  async (fastify, { url }) => {
    const client = new Redis(url, { lazyConnect: true, connectTimeout: 1000, maxRetriesPerRequest: 1 })
    client.on('error', (error) => fastify.log.debug({ err: error }, 'redis'))
    fastify.addHook('onClose', () => client.disconnect())
    // A client that is ready is taken as it is. This one is not; only for as long as it is asked does it say so.
    const { status } = client
    client.status = 'ready'
    await fastify.register(fastifyRedis, { client })
    client.status = status
  },
  { name: 'redis-connection', fastify: '5.x' },
)
