import { resolve } from 'node:path'
import t from 'tap'
import { describeLocation, parseStoreLocation } from '../dist/store-location.js'

t.test('an embedded store is a directory, relative to where the user is', async (t) => {
  process.env['INIT_CWD'] = '/home/ada'
  t.strictSame(parseStoreLocation('lmdb:photos/data'), { kind: 'lmdb', path: '/home/ada/photos/data' })
  t.strictSame(parseStoreLocation('lmdb:/srv/data'), { kind: 'lmdb', path: '/srv/data' })
  delete process.env['INIT_CWD']
  t.strictSame(parseStoreLocation('lmdb:x'), { kind: 'lmdb', path: resolve('x') })
})

t.test('a CouchDB database is one URL or several', async (t) => {
  const one = 'http://app:pw@localhost:5984/photos'
  t.strictSame(parseStoreLocation(one), { kind: 'couchdb', urls: [one] })
  t.strictSame(parseStoreLocation('https://a/p, https://b/p'), {
    kind: 'couchdb',
    urls: ['https://a/p', 'https://b/p'],
  })
})

t.test('anything else is refused, without telling a password', async (t) => {
  const wrong = [
    '',
    'lmdb:',
    'data',
    './data',
    'http://localhost:5984',
    'http://localhost:5984/',
    'http://localhost:5984/a/b',
    'http://a/p,',
    'http://a/p,lmdb:x',
    'redis://localhost/0',
    'http://app:pw@/',
  ]
  for (const text of wrong) {
    t.throws(() => parseStoreLocation(text), { exitCode: 2, message: /^not a store: / })
    t.throws(() => parseStoreLocation(text), { message: /^(?!.*app:pw)/ })
  }
})

t.test('a location is described without its passwords', async (t) => {
  t.equal(describeLocation({ kind: 'lmdb', path: '/srv/data' }), 'lmdb:/srv/data')
  t.equal(
    describeLocation({ kind: 'couchdb', urls: ['http://app:pw@a/p', 'http://app:pw@b/p'] }),
    'http://app:****@a/p,http://app:****@b/p',
  )
})
