import { openTestCouchdb, startPouchdb, type TestCouchdb } from 'photos-test-servers'
import type { Test } from 'tap'

/** A request to a CouchDB, with the credentials of the URL; resolves to the body of its answer. */
export async function send(method: string, address: string, body?: unknown): Promise<unknown> {
  const url = new URL(address)
  const { username, password } = url
  url.username = ''
  url.password = ''
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  const answer = await fetch(url, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(username === '' ? {} : { authorization: `Basic ${credentials.toString('base64')}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${url.href} answered ${answer.status}: ${text}`)
  return JSON.parse(text)
}

/** A CouchDB for one test. */
export async function couchdb(t: Test): Promise<TestCouchdb> {
  const server = await openTestCouchdb()
  t.teardown(() => server.stop())
  return server
}

/** A database with nothing in it, on the CouchDB of the environment or a PouchDB: as `--store` names it. */
export async function emptyDatabase(t: Test): Promise<{ readonly store: string; readonly url: string }> {
  const database = await (await couchdb(t)).createDatabase()
  t.teardown(() => database.remove())
  const [url = ''] = database.urls
  return { store: database.urls.join(','), url }
}

/** A PouchDB that can be killed, with an empty database. */
export async function mortalDatabase(t: Test) {
  const server = await startPouchdb()
  t.teardown(() => server.stop())
  const url = `${server.url}/photos`
  await send('PUT', url)
  return { ...server, url }
}
