import { openCouchdbRepository } from 'photos-couchdb'
import { NO_PHOTOS } from 'photos-domain'
import t from 'tap'
import { RecentRevisions } from '../dist/recent.js'
import { ChaosServer, json } from './chaos-server.js'

const REV = `1-${'a'.repeat(32)}`
/** The revision after so many writes. */
const revision = (written: number): string => `${written + 1}-${'a'.repeat(32)}`
const NEXT = `2-${'b'.repeat(32)}`
const stored = (version: string, more = {}) => ({
  record: { version, photos: NO_PHOTOS },
  isDeleted: false,
  losers: 0,
  ...more,
})

t.test('what was read is known once, and for ten seconds', async (t) => {
  let nowMs = 0
  const recent = new RecentRevisions(() => nowMs)
  recent.keepRead('w', stored(REV), nowMs)
  nowMs = 9999
  t.match(recent.take('w'), { version: REV })
  t.equal(recent.take('w'), undefined)
  recent.keepRead('w', stored(REV), 0)
  nowMs = 10_000
  t.equal(recent.take('w'), undefined)
})

t.test('writes on top of one another make it no younger', async (t) => {
  let nowMs = 0
  const recent = new RecentRevisions(() => nowMs)
  recent.keepRead('w', stored(REV), nowMs)
  for (nowMs = 1000; nowMs < 10_000; nowMs += 1000) {
    const known = recent.take('w')
    t.equal(known?.readAtMs, 0)
    if (known !== undefined) recent.keep('w', { ...known, version: NEXT })
  }
  t.equal(recent.take('w'), undefined)
})

t.test('a tombstone, or one of several leaves, is nothing that a write may follow', async (t) => {
  const recent = new RecentRevisions()
  recent.keepRead('w', stored(REV, { isDeleted: true }), performance.now())
  t.equal(recent.take('w'), undefined)
  recent.keepRead('w', stored(REV, { losers: 1 }), performance.now())
  t.equal(recent.take('w'), undefined)
})

t.test('a write to what was just read or written asks CouchDB for nothing else', async (t) => {
  const asked: string[] = []
  const server = await ChaosServer.open(t, (request, response) => {
    const what = request.url.replace(/^.*\/db\/|\?.*$/g, '')
    asked.push(what)
    if (what === '_bulk_docs') return json(201, [{ ok: true, id: 'w', rev: NEXT }])(request, response)
    const document = { _id: 'w', _rev: REV, photos: [] }
    return json(200, what === 'w' ? document : { results: [{ id: 'w', docs: [{ ok: document }] }] })(
      request,
      response,
    )
  })
  const repository = openCouchdbRepository({ urls: [`${server.url}/db`] })
  t.teardown(() => repository.close())
  const { version } = await repository.read('w')
  const next = await repository.write('w', { photos: NO_PHOTOS }, version)
  await repository.write('w', { photos: NO_PHOTOS }, next)
  t.equal(asked.length, 3, asked.join(', '))
  t.strictSame(asked.slice(1), ['_bulk_docs', '_bulk_docs'])
})

t.test(
  'writes that follow one another look again ten seconds after the read, however close they come',
  async (t) => {
    const asked: string[] = []
    let written = 0
    const server = await ChaosServer.open(t, (request, response) => {
      const what = request.url.replace(/^.*\/db\/|\?.*$/g, '')
      asked.push(what === '_bulk_docs' ? 'write' : 'read')
      if (what === '_bulk_docs') {
        return json(201, [{ ok: true, id: 'w', rev: revision(++written) }])(request, response)
      }
      const document = { _id: 'w', _rev: revision(written), photos: [] }
      return json(200, what === 'w' ? document : { results: [{ id: 'w', docs: [{ ok: document }] }] })(
        request,
        response,
      )
    })
    const repository = openCouchdbRepository({ urls: [`${server.url}/db`] })
    t.teardown(() => repository.close())
    const now = performance.now.bind(performance)
    let laterMs = 0
    t.intercept(performance, 'now', { value: () => now() + laterMs })
    let { version } = await repository.read('w')
    for (laterMs = 0; laterMs <= 12_000; laterMs += 4000) {
      version = await repository.write('w', { photos: NO_PHOTOS }, version)
    }
    t.strictSame(asked, ['read', 'write', 'write', 'write', 'read', 'write'])
  },
)
