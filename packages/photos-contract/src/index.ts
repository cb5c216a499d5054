export * from './memory-store.js'
export * from './options.js'
export * from './repository-contract.js'
