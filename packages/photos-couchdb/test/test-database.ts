import { type CouchdbOptions, openCouchdbRepository } from 'photos-couchdb'
import { openTestCouchdb, type TestCouchdb, type TestDatabase } from 'photos-test-servers'
import type { Test } from 'tap'

/** A test file's CouchDB, closed with its last test. */
export async function couchdbOf(t: Test): Promise<TestCouchdb> {
  const couchdb = await openTestCouchdb()
  t.teardown(() => couchdb.stop())
  return couchdb
}

/** An empty database, and what asks it past the repository. */
export interface RawDatabase extends TestDatabase {
  /** The parsed answer. @throws where it is no success */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<unknown>
  /** Writes documents as they are. */
  readonly put: (...documents: readonly object[]) => Promise<void>
  /** Writes revisions without asking what there is, as a replication does: so documents get conflicts. */
  readonly replicate: (...documents: readonly object[]) => Promise<void>
}

/** A new database, removed with the test. */
export async function databaseOf(t: Test, couchdb: TestCouchdb): Promise<RawDatabase> {
  const database = await couchdb.createDatabase()
  t.teardown(() => database.remove())
  const url = new URL(database.urls[0] ?? '')
  const authorization = `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`
  const headers = { 'content-type': 'application/json', ...(url.username === '' ? {} : { authorization }) }
  const base = `${url.origin}${url.pathname}`
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const answer = await fetch(`${base}/${path}`, init)
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
    return answer.json()
  }
  const bulk = async (body: object): Promise<void> => {
    const rows = await ask('POST', '_bulk_docs', body)
    if (!Array.isArray(rows)) throw new Error('no rows')
    const failed: unknown = rows.find((row) => Reflect.has(row, 'error'))
    if (failed !== undefined) throw new Error(`a document was not written: ${JSON.stringify(failed)}`)
  }
  return {
    ...database,
    ask,
    put: (...docs) => bulk({ docs }),
    replicate: (...docs) => bulk({ docs, new_edits: false }),
  }
}

/** A repository on the database, closed with the test. */
export function repositoryOf(t: Test, database: TestDatabase, options: Partial<CouchdbOptions> = {}) {
  const repository = openCouchdbRepository({ urls: database.urls, ...options })
  t.teardown(() => repository.close())
  return repository
}

/** A revision id of 32 hexadecimal digits that all are this one. */
export const hash = (digit: string): string => digit.repeat(32)
