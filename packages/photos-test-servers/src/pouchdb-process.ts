import type { RequestListener, Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'

/*
 * A process that serves PouchDB over CouchDB's HTTP API. Arguments: the folder that keeps the data and the port, 0 for a free
 * one. Once it serves it prints its port as a line. It ends with its standard input, and so never outlives who started it.
 */

interface Request {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
}

interface Answer {
  status(code: number): Answer
  json(body: unknown): void
}

type Handler = (request: Request, answer: Answer, next: (error?: unknown) => void) => void

interface ExpressApp extends RequestListener {
  get(path: string, handler: Handler): void
  post(path: string, parse: RequestListener, handler: Handler): void
  use(handler: RequestListener): void
  listen(port: number, host: string, listening: () => void): Server
}

// None of the three has types.
const require = createRequire(import.meta.url)
const express = require('express') as (() => ExpressApp) & { json(options: object): RequestListener }
const expressPouchdb = require('express-pouchdb') as (pouchdb: unknown, options: object) => RequestListener
const PouchDB = require('pouchdb') as { defaults(options: object): unknown }

const [folder = '.', port = '0'] = process.argv.slice(2)

const app = express()

/*
 * Where it answers otherwise than CouchDB.
 */

// It has no such page: https://docs.couchdb.org/en/stable/api/server/common.html#up
app.get('/_up', (_request, answer) => answer.json({ status: 'ok', seeds: {} }))

// It says of a deleted document that it is missing.
app.get('/:db/:id', (request, answer, next) => {
  const { db = '', id = '' } = request.params
  if (id.startsWith('_') || 'open_revs' in request.query || 'rev' in request.query) return next()
  leavesOf(db, id).then(({ leaves }) => {
    const isDeleted = leaves !== undefined && leaves.length > 0 && leaves.every(isTombstone)
    if (isDeleted) answer.status(404).json({ error: 'not_found', reason: 'deleted' })
    else next()
  }, next)
})

// It gives only the winner of a document, and of one that is absent or deleted nothing that could be told from a failure:
// https://docs.couchdb.org/en/stable/api/database/bulk-api.html#db-bulk-get
app.post('/:db/_bulk_get', express.json({ limit: '100mb' }), (request, answer, next) => {
  const { db = '' } = request.params
  const { docs = [] } = request.body as { readonly docs?: readonly { readonly id: string }[] }
  const results = docs.map(async ({ id }) => {
    const { status, reason, leaves } = await leavesOf(db, id, request.query['revs'] === 'true')
    if (leaves !== undefined) return { id, docs: leaves }
    if (status !== 404 || reason !== 'missing') throw new Error(`${db}: ${reason}`)
    return { id, docs: [{ error: { id, rev: 'undefined', error: 'not_found', reason: 'missing' } }] }
  })
  const failed = (error: Error) => {
    if (error.message.endsWith('no_db_file'))
      answer.status(404).json({ error: 'not_found', reason: 'no_db_file' })
    else next(error)
  }
  Promise.all(results).then((found) => answer.json({ results: found }), failed)
})

app.use(
  expressPouchdb(PouchDB.defaults({ prefix: `${folder}/` }), {
    mode: 'fullCouchDB',
    inMemoryConfig: true,
    logPath: `${folder}/log.txt`,
    // No pages for a browser, no replication, no other names for databases.
    overrideMode: {
      exclude: ['disk-size', 'replicator', 'routes/fauxton', 'routes/replicate', 'routes/vhosts'],
    },
  }),
)
const server = app.listen(Number(port), '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port)
})
process.stdin.resume().on('end', () => process.exit())

interface Leaves {
  readonly status: number
  readonly reason?: string
  readonly leaves?: readonly unknown[]
}

/** Every leaf of a document, as PouchDB gives it when it is asked for them. */
async function leavesOf(db: string, id: string, revs = false): Promise<Leaves> {
  const { port } = server.address() as AddressInfo
  const path = `${encodeURIComponent(db)}/${encodeURIComponent(id)}?open_revs=all&revs=${revs}`
  const found = await fetch(`http://127.0.0.1:${port}/${path}`, { headers: { accept: 'application/json' } })
  const body = (await found.json()) as unknown
  if (Array.isArray(body)) return { status: found.status, leaves: body }
  return { status: found.status, reason: String(Reflect.get(Object(body), 'reason')) }
}

function isTombstone(leaf: unknown): boolean {
  return Reflect.get(Object(Reflect.get(Object(leaf), 'ok')), '_deleted') === true
}
