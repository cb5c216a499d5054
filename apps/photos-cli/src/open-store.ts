import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isPhotosError, type PhotoRepository } from 'photos-domain'
import { CommandError } from './failure.js'
import { describeLocation, type StoreLocation } from './store-location.js'

export interface OpenStoreOptions {
  /** Whether a store that is not there yet is made. Only an embedded one can be; a database is made by its server. */
  readonly create: boolean
}

/**
 * Opens a store of any kind that can be used now. The caller closes the repository.
 * @throws CommandError where there is none, or it cannot be opened or reached
 */
export async function openStore(
  location: StoreLocation,
  { create }: OpenStoreOptions,
): Promise<PhotoRepository> {
  if (location.kind === 'lmdb' && !create && !storeExists(location)) {
    throw new CommandError(`there is no store at ${describeLocation(location)}`)
  }
  try {
    return await openReady(location)
  } catch (error) {
    if (!isPhotosError(error)) throw error
    throw new CommandError(`${describeLocation(location)}: ${error.message}`)
  }
}

/** A store that is away from the start is told at once; only one that goes away later is waited for. */
async function openReady(location: StoreLocation): Promise<PhotoRepository> {
  const store = await openRepository(location)
  try {
    await store.ready()
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The engines are loaded only when they are used. */
async function openRepository(location: StoreLocation): Promise<PhotoRepository> {
  if (location.kind === 'couchdb') {
    const { openCouchdbRepository } = await import('photos-couchdb')
    return openCouchdbRepository({ urls: location.urls })
  }
  const { openLmdbRepository } = await import('photos-lmdb')
  return openLmdbRepository({ path: location.path })
}

/** Whether an embedded store is there; nothing is said about what is in it. */
export function storeExists({ path }: { readonly path: string }): boolean {
  return existsSync(join(path, 'data.mdb'))
}

/** Does something with a store, and closes it whatever happens. */
export async function withStore<T>(
  location: StoreLocation,
  options: OpenStoreOptions,
  action: (store: PhotoRepository) => Promise<T>,
): Promise<T> {
  const store = await openStore(location, options)
  try {
    return await action(store)
  } finally {
    await store.close()
  }
}
