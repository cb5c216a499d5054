export * from './couchdb.js'
export * from './redis.js'
