import { openCouchdbRepository } from 'photos-couchdb'
import { isPhotosError, NO_PHOTOS } from 'photos-domain'
import t, { type Test } from 'tap'
import { ChaosServer, json } from './chaos-server.js'

/** The revision after so many writes, of one branch or another. */
const revision = (count: number, branch = 'a'): string => `${count}-${branch.repeat(32)}`
const [FIRST, SECOND, OTHER] = [revision(1), revision(2), revision(1, 'b')] as const

interface Document {
  readonly _id: string
  readonly _rev: string
  readonly photos?: readonly unknown[]
  readonly _deleted?: true
}

/** A server of one document, whose leaves are put here as they are. It answers as CouchDB does. */
class OneDocument {
  leaves: Document[] = [leaf(FIRST)]
  readonly asked: string[] = []
  /** Rows that the live feed tells. */
  feed = ''

  constructor(readonly copies: number | undefined) {}

  async open(t: Test) {
    const server = await ChaosServer.open(t, (request, response) => {
      const what = request.url.replace(/^\/db\/?|\?.*$/g, '')
      this.asked.push(what)
      if (what === '')
        return json(200, this.copies === undefined ? {} : { cluster: { n: this.copies } })(request, response)
      if (what === '_bulk_docs') {
        const { docs } = JSON.parse(request.body) as { docs: { _rev?: string }[] }
        return json(201, [this.#write(docs[0]?._rev)])(request, response)
      }
      if (what === '_changes') {
        response.writeHead(200)
        response.write(this.feed)
        return
      }
      const docs = this.leaves.map((ok) => ({ ok }))
      const [winner] = this.leaves
      if (what === '_bulk_get') return json(200, { results: [{ id: 'w', docs }] })(request, response)
      if (request.url.includes('open_revs')) return json(200, docs)(request, response)
      if (winner?._deleted === true)
        return json(404, { error: 'not_found', reason: 'deleted' })(request, response)
      return json(200, winner)(request, response)
    })
    const repository = openCouchdbRepository({ urls: [`${server.url}/db`] })
    t.teardown(() => repository.close())
    await repository.ready()
    this.asked.length = 0
    const write = (expected: string): Promise<string> =>
      repository
        .write('w', { photos: NO_PHOTOS }, expected)
        .catch((error: unknown) => (isPhotosError(error) ? error.code : String(error)))
    return { repository, write }
  }

  #write(parent: string | undefined) {
    const [winner] = this.leaves
    const follows = winner?._deleted === true ? parent === undefined : parent === winner?._rev
    if (!follows) return { id: 'w', error: 'conflict', reason: 'Document update conflict.' }
    const rev = revision(Number(winner?._rev.split('-')[0]) + 1)
    this.leaves = [leaf(rev)]
    return { ok: true, id: 'w', rev }
  }
}

const leaf = (_rev: string, more = {}): Document => ({ _id: 'w', _rev, photos: [], ...more })
const row = (...revs: readonly string[]): string =>
  `${JSON.stringify({ seq: '1-g', id: 'w', changes: revs.map((rev) => ({ rev })) })}\n`

t.test(
  'where there is one copy, a write is one request, whoever read the version that it follows',
  async (t) => {
    const document = new OneDocument(1)
    const { write } = await document.open(t)
    t.equal(await write(FIRST), SECOND)
    t.equal(await write(SECOND), revision(3))
    t.strictSame(document.asked, ['_bulk_docs', '_bulk_docs'])
  },
)

t.test('where there are several, or nobody tells, what it follows is read first', async (t) => {
  for (const copies of [3, undefined]) {
    const document = new OneDocument(copies)
    const { write } = await document.open(t)
    t.equal(await write(FIRST), SECOND)
    t.equal(document.asked.length, 2)
    t.not(document.asked[0], '_bulk_docs')
  }
})

t.test('a write on what is no longer there is refused', async (t) => {
  const document = new OneDocument(1)
  document.leaves = [leaf(SECOND)]
  const { write } = await document.open(t)
  t.equal(await write(FIRST), 'VERSION_CONFLICT')
  t.equal(await write(OTHER), 'VERSION_CONFLICT')
  t.equal(await write(SECOND), revision(3))
})

t.test('a write may follow a tombstone', async (t) => {
  const document = new OneDocument(1)
  document.leaves = [leaf(SECOND, { _deleted: true })]
  const { write } = await document.open(t)
  t.equal(await write(FIRST), 'VERSION_CONFLICT')
  t.equal(await write(SECOND), revision(3))
})

t.test(
  'where leaves were seen beside each other, by a read or by the feed, they are looked at first',
  async (t) => {
    const seen = {
      'by a read': async ({ repository }: Awaited<ReturnType<OneDocument['open']>>) => {
        await repository.read('w')
      },
      'by the feed': async ({ repository }: Awaited<ReturnType<OneDocument['open']>>) => {
        for await (const { version } of repository.changes({ live: true })) {
          t.equal(version, FIRST, 'which tells the winner')
          break
        }
      },
    }
    for (const [how, see] of Object.entries(seen)) {
      const document = new OneDocument(1)
      document.leaves = [leaf(FIRST), leaf(revision(1, '0'))]
      document.feed = row(FIRST, revision(1, '0'))
      const opened = await document.open(t)
      await see(opened)
      document.asked.length = 0
      // Somebody merges them meanwhile.
      document.leaves = [leaf(SECOND)]
      t.equal(await opened.write(FIRST), 'VERSION_CONFLICT', how)
      t.not(document.asked[0], '_bulk_docs', how)
    }
  },
)
