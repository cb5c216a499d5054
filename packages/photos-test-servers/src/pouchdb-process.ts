import type { RequestListener, Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'

/*
 * A process that serves PouchDB over CouchDB's HTTP API. Arguments: the folder that keeps the data and the port, 0 for a free
 * one. Once it serves it prints its port as a line. It ends with its standard input, and so never outlives who started it.
 */

interface Request {
  readonly headers: { readonly authorization?: string }
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
  leavesOf(request, db, id).then(({ leaves }) => {
    const isDeleted = leaves !== undefined && leaves.length > 0 && leaves.every(isTombstone)
    if (isDeleted) answer.status(404).json({ error: 'not_found', reason: 'deleted' })
    else next()
  }, next)
})

// It gives only the winner of a document, and of one that is absent or deleted nothing that could be told from a failure:
// https://docs.couchdb.org/en/stable/api/database/bulk-api.html#db-bulk-get
app.post('/:db/_bulk_get', express.json({ limit: '100mb' }), (request, answer) => {
  const { db = '' } = request.params
  const { docs = [] } = request.body as { readonly docs?: readonly { readonly id: string }[] }
  const results = docs.map(async ({ id }) => {
    const { status, body, leaves } = await leavesOf(request, db, id)
    if (leaves !== undefined) return { id, docs: leaves }
    if (status !== 404 || reasonOf(body) !== 'missing')
      throw Object.assign(new Error('refused'), { status, body })
    return { id, docs: [{ error: { id, rev: 'undefined', error: 'not_found', reason: 'missing' } }] }
  })
  Promise.all(results).then(
    (found) => answer.json({ results: found }),
    ({ status = 500, body = {} }) => answer.status(status).json(body),
  )
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
  readonly body: unknown
  readonly leaves?: readonly unknown[]
}

/** Every leaf of a document, as PouchDB gives it to who asks for them. */
async function leavesOf({ headers }: Request, db: string, id: string): Promise<Leaves> {
  const { port } = server.address() as AddressInfo
  const path = `${encodeURIComponent(db)}/${encodeURIComponent(id)}?open_revs=all`
  const { authorization } = headers
  const found = await fetch(`http://127.0.0.1:${port}/${path}`, {
    headers: { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) },
  })
  const body: unknown = await found.json()
  return { status: found.status, body, ...(Array.isArray(body) ? { leaves: body } : {}) }
}

const reasonOf = (body: unknown): unknown => Reflect.get(Object(body), 'reason')

function isTombstone(leaf: unknown): boolean {
  return Reflect.get(Object(Reflect.get(Object(leaf), 'ok')), '_deleted') === true
}
