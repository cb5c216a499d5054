/** Where a database is on one node, and how to be let in. */
export interface Address {
  /** `https://couch-1.example:5984` */
  readonly origin: string
  /** What stands before the database's name in every path: empty, or the path under which a proxy serves CouchDB. */
  readonly root: string
  /** The database's name, percent-encoded. */
  readonly database: string
  /** The value of the Authorization header (RFC 7617); absent where no credentials are given. */
  readonly authorization: string | undefined
}

export interface Credentials {
  readonly name: string
  readonly password: string
}

/**
 * The addresses of a database from the URLs of its nodes, `http://name:password@host:5984/database`. Credentials may stand in
 * each URL, or come apart.
 * @throws TypeError where a URL is not one, names no database, or another one than the first does
 */
export function addressesOf(urls: readonly string[], credentials?: Credentials): readonly Address[] {
  const addresses = urls.map((url) => addressOf(url, credentials))
  const [first] = addresses
  if (first === undefined) throw new TypeError('a CouchDB URL is needed')
  for (const { database, origin } of addresses) {
    if (database !== first.database) {
      throw new TypeError(`${origin} names the database ${database}, and ${first.origin} ${first.database}`)
    }
  }
  return addresses
}

/** @throws TypeError */
export function addressOf(url: string, credentials?: Credentials): Address {
  // The URL is not repeated in the error: it may hold a password.
  if (!URL.canParse(url)) throw new TypeError('a CouchDB URL must look like http://host:5984/database')
  const { protocol, origin, pathname, username, password } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError(`a CouchDB URL must be of http or https, not ${protocol}`)
  }
  const [, root = '', database = ''] = /^(.*)\/([^/]+)\/?$/.exec(pathname) ?? []
  if (database === '') throw new TypeError(`the CouchDB URL at ${origin} must name the database as its path`)
  const given =
    username === ''
      ? credentials
      : { name: decodeURIComponent(username), password: decodeURIComponent(password) }
  return {
    origin,
    root,
    database,
    authorization: given === undefined ? undefined : basicAuthorization(given),
  }
}

/** RFC 7617, in UTF-8. */
export function basicAuthorization({ name, password }: Credentials): string {
  return `Basic ${Buffer.from(`${name}:${password}`, 'utf8').toString('base64')}`
}
