import type { Config } from 'photos-api/config'
import { readConfig } from './environment.js'
import { usageError } from './failure.js'
import { maskSecrets } from './secrets.js'
import { userPath } from './user-path.js'

/** Where a store is. */
export type StoreLocation =
  | {
      readonly kind: 'lmdb'
      /** Absolute path of its directory. */
      readonly path: string
    }
  | {
      readonly kind: 'couchdb'
      /** The database on each of its nodes; never empty. May contain passwords. */
      readonly urls: readonly string[]
    }

/** What `--store` takes, for the help. */
export const STORE_SYNTAX =
  'lmdb:<directory>, or a CouchDB database such as http://user:password@localhost:5984/photos (several nodes: comma-separated)'

const LMDB_PREFIX = 'lmdb:'

/** @throws CommandError where the text does not name a store */
export function parseStoreLocation(text: string): StoreLocation {
  if (text.startsWith(LMDB_PREFIX) && text.length > LMDB_PREFIX.length) {
    return { kind: 'lmdb', path: userPath(text.slice(LMDB_PREFIX.length)) }
  }
  const urls = text.split(',').map((url) => url.trim())
  if (urls.every(isDatabaseUrl)) return { kind: 'couchdb', urls }
  throw usageError(
    `not a store: ${maskSecrets(text)}; it must be lmdb:<directory> or the URL of a CouchDB database`,
  )
}

function isDatabaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, pathname } = new URL(text)
  return /^https?:$/.test(protocol) && /^\/[^/]+\/?$/.test(pathname)
}

/** The store that the service uses with this configuration. */
export function configuredStore({ couchdbUrls, dataDir }: Config): StoreLocation {
  return couchdbUrls.length > 0 ? { kind: 'couchdb', urls: couchdbUrls } : { kind: 'lmdb', path: dataDir }
}

/** The store that was named, or else the one that the service uses. @throws ConfigError */
export function storeLocation(named: StoreLocation | undefined): StoreLocation {
  return named ?? configuredStore(readConfig())
}

/** For a person to read, and without passwords. */
export function describeLocation(location: StoreLocation): string {
  return location.kind === 'lmdb' ? LMDB_PREFIX + location.path : maskSecrets(location.urls.join(','))
}
