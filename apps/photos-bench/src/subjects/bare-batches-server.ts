import { Agent, createServer, request, type ServerResponse } from 'node:http'
import { samplePhotos } from 'photos-samples'

/*
 * A control, as a process: the least that any server of Node over CouchDB has to do. It gathers what is asked for into requests of CouchDB
 * and does nothing else: no framework, no record is parsed, kept or checked, nobody is told of a change, and every answer is one fixed
 * text. With A_CACHE reads do not even ask CouchDB, nor do writes ask what they follow: as if a cache had everything and were never wrong.
 */
const databases = (process.env['DATABASE_URLS'] ?? '').split(',').map((text) => new URL(text))
const hasCache = process.env['A_CACHE'] === '1'
const body = 'x'.repeat(Number(process.env['ANSWER_BYTES']))
const photos = JSON.stringify(samplePhotos(0))
const agent = new Agent({ keepAlive: true })

/** As the service has them by default. */
const [MOST_READ, MOST_WRITTEN] = [128, 512]

/** Keys that wait for one another: at most so many batches under way, each as large as it can be. */
class Batches {
  #waiting = new Map<string, ServerResponse[]>()
  #underWay = 0

  constructor(
    readonly atOnce: number,
    readonly most: number,
    readonly send: (keys: readonly string[]) => Promise<void>,
  ) {}

  ask(key: string, response: ServerResponse): void {
    const others = this.#waiting.get(key)
    if (others === undefined) this.#waiting.set(key, [response])
    else others.push(response)
    this.#leave()
  }

  #leave(): void {
    if (this.#underWay >= this.atOnce || this.#waiting.size === 0) return
    const batch = [...this.#waiting].slice(0, this.most)
    for (const [key] of batch) this.#waiting.delete(key)
    this.#underWay++
    this.send(batch.map(([key]) => key)).then(
      () => {
        this.#underWay--
        for (const [, responses] of batch) for (const response of responses) answer(response)
        this.#leave()
      },
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
}

/** The answer, read to its end. */
function post({ href, username, password }: URL, path: string, json: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const url = new URL(`${href}/${path}`)
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }
    const asked = request(
      url,
      { agent, method: 'POST', auth: `${username}:${password}`, headers },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const { statusCode = 0 } = answer
          if (statusCode >= 200 && statusCode < 300) resolve(Buffer.concat(chunks))
          else reject(new Error(`${path}: ${statusCode} ${Buffer.concat(chunks)}`))
        })
      },
    )
    asked.on('error', reject)
    asked.end(json)
  })
}

interface FoundRow {
  readonly id: string
  readonly value: { readonly rev: string }
}
interface WrittenRow {
  readonly id: string
  /** Absent where it was refused. */
  readonly rev?: string
}

/** The revisions that there are, as far as they are remembered. */
const revisions = new Map<string, string>()

/** CouchDB needs to be told which revision each document follows. */
async function write(database: URL, ids: readonly string[]): Promise<void> {
  const keys = ids.filter((id) => !revisions.has(id))
  if (keys.length > 0) {
    const found = await post(database, '_all_docs', JSON.stringify({ keys }))
    const { rows } = JSON.parse(found.toString()) as { rows: FoundRow[] }
    for (const { id, value } of rows) revisions.set(id, value.rev)
  }
  const docs = ids.map((id) => `{"_id":"${id}","_rev":"${revisions.get(id)}","photos":${photos}}`)
  const written = JSON.parse(
    (await post(database, '_bulk_docs', `{"docs":[${docs}]}`)).toString(),
  ) as WrittenRow[]
  for (const { id, rev } of written) {
    if (rev === undefined) throw new Error(`${id} was not written`)
    if (hasCache) revisions.set(id, rev)
    else revisions.delete(id)
  }
}

/** One write to the socket, as the service does it. */
function answer(response: ServerResponse): void {
  const status = response.req.method === 'POST' ? 201 : 200
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
  })
  response.cork()
  response.write(body, 'latin1')
  response.uncork()
  response.end()
}

const [first] = databases
if (first === undefined) throw new Error('DATABASE_URLS names no database')
let turn = 0
const reads = new Batches(1 + databases.length, MOST_READ, async (keys) => {
  const database = databases[turn++ % databases.length] ?? first
  await post(database, '_bulk_get', JSON.stringify({ docs: keys.map((id) => ({ id })) }))
})
const writes = databases.map((database) => new Batches(1, MOST_WRITTEN, (keys) => write(database, keys)))
/** The ids of the samples end in digits. */
const writesOf = (key: string): Batches | undefined => writes[Number(key.slice(-3)) % writes.length]

const WORKSPACE = /^\/api\/photos\/workspace\/([^/]+)$/
const PHOTO = /^\/api\/photos\/([^/]+)\/[^/]+$/

createServer((request, response) => {
  const { method, url = '' } = request
  const [, workspace] = WORKSPACE.exec(url) ?? []
  const read = method === 'GET' ? workspace : undefined
  const [, written] = method === 'PUT' ? (PHOTO.exec(url) ?? []) : method === 'POST' ? [url, workspace] : []
  request.resume()
  if (read !== undefined && hasCache) answer(response)
  else if (read !== undefined) reads.ask(read, response)
  else if (written !== undefined) writesOf(written)?.ask(written, response)
  else response.writeHead(url === '/ready' ? 200 : 501).end()
}).listen(Number(process.env['PORT']), '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))
