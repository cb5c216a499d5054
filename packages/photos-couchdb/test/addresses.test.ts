import t from 'tap'
import { addressesOf, addressOf } from '../dist/addresses.js'

t.test('a URL names the origin, the database and the account', async (t) => {
  t.strictSame(addressOf('http://bob:p%40ss%3A%C3%A9@couch-1:5984/photos'), {
    origin: 'http://couch-1:5984',
    root: '',
    database: 'photos',
    authorization: `Basic ${Buffer.from('bob:p@ss:é').toString('base64')}`,
  })
  t.strictSame(addressOf('https://proxy.example/couch/a%2Fb/'), {
    origin: 'https://proxy.example',
    root: '/couch',
    database: 'a%2Fb',
    authorization: undefined,
  })
})

t.test('credentials may come apart, and those in the URL come first', async (t) => {
  const credentials = { name: 'bob', password: 's3cret' }
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  t.equal(addressOf('http://h/db', credentials).authorization, basic('bob:s3cret'))
  t.equal(addressOf('http://al:x@h/db', credentials).authorization, basic('al:x'))
})

t.test('what cannot be right is refused, without repeating a password', async (t) => {
  for (const url of [
    '',
    'db',
    'ftp://bob:s3cret@h/db',
    'http://bob:s3cret@h',
    'http://bob:s3cret@h/',
    'bob:s3cret@h/db',
  ]) {
    try {
      addressOf(url)
      t.fail(`${url} is taken`)
    } catch (error) {
      t.type(error, TypeError)
      t.notMatch(String(error), /s3cret/)
    }
  }
  t.throws(() => addressesOf([]), TypeError)
  t.throws(() => addressesOf(['http://a/photos', 'http://b/other']), /photos/)
})
