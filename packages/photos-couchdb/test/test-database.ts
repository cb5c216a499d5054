import { type CouchdbOptions, openCouchdbRepository } from 'photos-couchdb'
import { openTestCouchdb, type TestCouchdb, type TestDatabase } from 'photos-test-servers'
import type { Test } from 'tap'

/** A test file's CouchDB, closed with its last test. */
export async function couchdbOf(t: Test): Promise<TestCouchdb> {
  const couchdb = await openTestCouchdb()
  t.teardown(() => couchdb.stop())
  return couchdb
}

interface RawDocument {
  readonly _id: string
  readonly [field: string]: unknown
}

/** An empty database, and what asks it past the repository. */
export interface RawDatabase extends TestDatabase {
  /** The parsed answer. @throws where it is no success */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<unknown>
  /** Resolves once every copy of each document is the same, so that what reads one copy tells what was acknowledged. */
  readonly copiesAgree: (...ids: readonly string[]) => Promise<void>
  /** Writes documents as they are, to every copy. */
  readonly put: (...documents: readonly RawDocument[]) => Promise<void>
  /** Writes revisions without asking what there is, as a replication does: so documents get conflicts. */
  readonly replicate: (...documents: readonly RawDocument[]) => Promise<void>
}

/** A new database, removed with the test. */
export async function databaseOf(t: Test, couchdb: TestCouchdb): Promise<RawDatabase> {
  const database = await couchdb.createDatabase()
  t.teardown(() => database.remove())
  const url = new URL(database.urls[0] ?? '')
  const authorization = `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`
  const headers = { 'content-type': 'application/json', ...(url.username === '' ? {} : { authorization }) }
  const base = `${url.origin}${url.pathname}`
  const send = (method: string, path: string, body?: unknown): Promise<Response> => {
    return fetch(`${base}/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await send(method, path, body)
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
    return answer.json()
  }
  const copiesAgree = async (...ids: readonly string[]): Promise<void> => {
    for (const id of ids) {
      // A read of every copy is not answered before those that differ were repaired.
      const answer = await send('GET', `${encodeURI(id)}?r=${database.urls.length}`)
      await answer.arrayBuffer()
      // One that was deleted is not found.
      if (!answer.ok && answer.status !== 404) throw new Error(`GET ${id} answered ${answer.status}`)
    }
  }
  const bulk = async (body: { readonly docs: readonly RawDocument[]; readonly new_edits?: boolean }) => {
    const rows = await ask('POST', '_bulk_docs', body)
    if (!Array.isArray(rows)) throw new Error('no rows')
    const failed: unknown = rows.find((row) => Reflect.has(row, 'error'))
    if (failed !== undefined) throw new Error(`a document was not written: ${JSON.stringify(failed)}`)
    await copiesAgree(...new Set(body.docs.map(({ _id }) => _id)))
  }
  return {
    ...database,
    ask,
    copiesAgree,
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
