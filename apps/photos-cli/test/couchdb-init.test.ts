import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { couchdb, mortalDatabase, send } from './couchdb-support.js'
import { exported, run } from './support.js'

t.beforeEach((t) => {
  t.testdir()
})

const PASSWORD = { COUCHDB_MEMBER_PASSWORD: 's3cret' }

/** A PouchDB has no administrators that would make a member different from anybody. */
const real = process.env['COUCHDB_URL'] === undefined ? { skip: 'COUCHDB_URL names no CouchDB' } : {}

/** The URL of a database that is not there, and an account for it that is not there; both are removed in the end. */
async function names(t: Test) {
  const server = await couchdb(t)
  const [root = ''] = server.serverUrls
  const url = `${root}/${server.newName()}`
  const member = `member-${randomUUID()}`
  const account = `${root}/_users/org.couchdb.user:${member}`
  t.teardown(async () => {
    await send('DELETE', url).catch(() => undefined)
    const found = await send('GET', account).catch(() => undefined)
    if (found !== undefined) await send('DELETE', `${account}?rev=${(found as { _rev: string })._rev}`)
  })
  return { url, member }
}

t.test('a database is made with an account that is a member of it, once', real, async (t) => {
  const { url, member } = await names(t)
  const args = ['couchdb', 'init', url, '--q', '2', '--n', '1', '--member', member]
  const made = await run(t, args, { env: PASSWORD })
  t.match(made, { code: 0, stderr: '' })
  const [database, account, security, hint = ''] = made.stdout.split('\n')
  t.strictSame(
    [database, account, security],
    ['database: created (q=2, n=1)', `account ${member}: created`, 'security: set'],
  )
  t.match(hint, /^for the service: COUCHDB_URL=http:\/\/member-[^:]+:\*{4}@/)

  const store = new URL(url)
  store.username = member
  store.password = PASSWORD.COUCHDB_MEMBER_PASSWORD
  t.match(await run(t, ['seed', '-n', '10', '--store', store.href]), { code: 0 })
  t.equal((await exported(t, store.href)).split('\n').length, 11)
  await t.rejects(send('DELETE', store.href), /40[13]/, 'a member is no administrator')
  store.username = ''
  store.password = ''
  await t.rejects(send('GET', store.href), /401/, 'nobody else is let in')

  const again = await run(t, args, { env: PASSWORD })
  const found = ['database: existed (q=2, n=1)', `account ${member}: existed`, 'security: was right']
  t.match(again, { code: 0, stdout: `${[...found, hint].join('\n')}\n` })
  const file = join(t.testdirName, 'password')
  await writeFile(file, 'another\n')
  const changed = await run(t, [...args, '--member-password-file', 'password'])
  t.match(changed, { code: 0, stdout: `account ${member}: password changed` })
  t.notMatch(made.stdout + again.stdout + changed.stdout, /s3cret|another/)
})

t.test('a database of another shape is an error, and stays as it is', real, async (t) => {
  const { url, member } = await names(t)
  const args = ['couchdb', 'init', url, '--member', member]
  t.match(await run(t, [...args, '--q', '2'], { env: PASSWORD }), { code: 0 })
  const other = await run(t, [...args, '--q', '4'], { env: PASSWORD })
  t.match(other, { code: 1, stdout: '', stderr: /^photos: the database has q=2, not 4[^\n]*\n$/ })
})

t.test('credentials that are not of an administrator are refused in a line', real, async (t) => {
  const { url } = await names(t)
  const wrong = new URL(url)
  wrong.password = 'wr0ng'
  const { code, stdout, stderr } = await run(t, ['couchdb', 'init', wrong.href], { env: PASSWORD })
  t.match({ code, stdout }, { code: 1, stdout: '' })
  t.match(stderr, /^photos: [^\n]+\n$/)
  t.notMatch(stderr, 'wr0ng')
})

t.test('a server without administrators, which is open to everybody, is not called right', async (t) => {
  const { url } = await mortalDatabase(t)
  const { code, stdout, stderr } = await run(t, ['couchdb', 'init', url], { env: PASSWORD })
  t.match({ code, stdout }, { code: 1, stdout: '' })
  t.match(stderr, /^photos: the database is open to everybody\n$/)
})

t.test('without a password, or a database, nothing is done', async (t) => {
  const url = 'http://127.0.0.1:1/photos'
  t.match(await run(t, ['couchdb', 'init', url]), { code: 2, stderr: /--member-password-file/ })
  const missing = await run(t, ['couchdb', 'init', url, '--member-password-file', 'missing'])
  t.match(missing, { code: 1, stderr: /^photos: ENOENT/ })
  t.match(await run(t, ['couchdb', 'init', 'lmdb:data'], { env: PASSWORD }), { code: 2, stderr: /one URL/ })
  t.match(await run(t, ['couchdb', 'init', `${url},${url}`], { env: PASSWORD }), { code: 2 })
  t.match(await run(t, ['couchdb', 'init', 'http://127.0.0.1:1/'], { env: PASSWORD }), { code: 2 })
  t.match(await run(t, ['couchdb', 'init', url, '--q', '0'], { env: PASSWORD }), { code: 2, stderr: /--q/ })
})
