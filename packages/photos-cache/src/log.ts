/** The part of a logger that the cache uses; pino's and Fastify's are such. */
export interface CacheLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

export const silentLog: CacheLog = { info: () => {}, warn: () => {} }
