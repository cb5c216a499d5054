import { Redis, type RedisOptions } from 'ioredis'
import type { RedisConnections } from './redis-driver.js'

/**
 * What the cache's proof asks of a connection, over whatever else is set:
 * no command is ever sent again by itself, kept for later or sent over another connection than the one that was there when it was
 * asked for; after a loss, the cache subscribes again itself and knows that it missed something; connecting has a bound.
 */
const REQUIRED = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  // Rejects at once what was under way when the connection is lost.
  maxRetriesPerRequest: 0,
  autoResubscribe: false,
  // Written in one piece by the driver, which must keep the order.
  enableAutoPipelining: false,
  enableReadyCheck: true,
  // A server that was demoted takes no writes: look for the one that was promoted.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  connectTimeout: 1000,
  keepAlive: 10_000,
  retryStrategy: (attempt: number) =>
    Math.min(1000, 25 * 2 ** Math.min(attempt, 6)) * (0.5 + 0.5 * Math.random()),
} satisfies RedisOptions

/** Where Redis is: a `redis://` or `rediss://` URL, or a client that is connected to it, which is left alone. */
export type RedisLocation = string | Redis

/** Makes the cache's own two connections. A client's options (address, password, TLS, Sentinels) are taken over. */
export function openConnections(location: RedisLocation): RedisConnections {
  const connect = (connectionName: string): Redis =>
    typeof location === 'string'
      ? new Redis(location, { ...REQUIRED, connectionName })
      : location.duplicate({ ...REQUIRED, connectionName })
  return { commands: connect('photos-cache'), subscriber: connect('photos-cache-bus') }
}
