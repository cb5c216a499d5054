import { initDatabase, openCouchdbRepository } from 'photos-couchdb'
import { isPhotosError, NEVER_WRITTEN, NO_PHOTOS } from 'photos-domain'
import t, { type Test } from 'tap'
import { couchdbOf } from './test-database.js'

const couchdb = await couchdbOf(t)
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'resolved',
    (error: unknown) => (isPhotosError(error) ? error.code : String(error)),
  )

/** A PouchDB has no administrator until one is made, and everybody may do everything. */
async function adminUrl(): Promise<URL> {
  const url = new URL(couchdb.serverUrls[0] ?? '')
  if (couchdb.engine === 'pouchdb') {
    const made = await fetch(new URL('/_config/admins/admin', url), { method: 'PUT', body: '"admin"' })
    if (!made.ok) throw new Error(`no administrator: ${made.status}`)
    url.username = 'admin'
    url.password = 'admin'
  }
  return url
}
const server = await adminUrl()

/** A database name and an account, both new, and both removed after the test. */
function names(t: Test) {
  const name = couchdb.newName()
  const url = new URL(`/${name}`, server).href
  const member = { name: `svc-${name.slice(-12)}`, password: 'p@ss:wörd/1' }
  t.teardown(async () => {
    await ask('DELETE', `/${name}`)
    const account = await ask('GET', `/_users/org.couchdb.user:${member.name}`)
    await ask('DELETE', `/_users/org.couchdb.user:${member.name}?rev=${Reflect.get(Object(account), '_rev')}`)
  })
  return { name, url, member }
}

async function ask(method: string, path: string, body?: object): Promise<unknown> {
  const { origin, username, password } = server
  const headers = {
    'content-type': 'application/json',
    authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
  }
  const answer = await fetch(`${origin}${path}`, {
    method,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return answer.json()
}

t.test('it makes the database, the account, and the account a member', async (t) => {
  const { url, member, name } = names(t)
  const result = await initDatabase({ url, member })
  t.match(result, { database: 'created', member: 'created', security: 'set' })
  const credentials = member
  const urls = couchdb.serverUrls.map((node) => {
    const { origin } = new URL(node)
    return `${origin}/${name}`
  })
  const repository = openCouchdbRepository({ urls, credentials })
  t.teardown(() => repository.close())
  await repository.ready()
  await repository.write('acme', { photos: NO_PHOTOS }, NEVER_WRITTEN)
  // The status counts by one copy. A read of all of them is not answered before those that lag were repaired.
  await ask('GET', `/${name}/acme?r=${urls.length}`)
  t.equal((await repository.status()).workspaces, 1)
  const stranger = openCouchdbRepository({ urls })
  t.teardown(() => stranger.close())
  t.equal(await codeOf(stranger.ready()), 'CREDENTIALS_REFUSED', 'nobody else may read')
  t.equal(await codeOf(Promise.resolve(stranger.read('acme'))), 'CREDENTIALS_REFUSED')
  const wrong = openCouchdbRepository({ urls, credentials: { ...member, password: 'wrong' } })
  t.teardown(() => wrong.close())
  t.equal(await codeOf(wrong.ready()), 'CREDENTIALS_REFUSED')
})

t.test('done again it changes nothing', async (t) => {
  const { url, member, name } = names(t)
  await initDatabase({ url, member })
  const before = [
    await ask('GET', `/${name}/_security`),
    await ask('GET', `/_users/org.couchdb.user:${member.name}`),
  ]
  t.match(await initDatabase({ url, member }), {
    database: 'existed',
    member: 'existed',
    security: 'was right',
  })
  t.strictSame(
    [await ask('GET', `/${name}/_security`), await ask('GET', `/_users/org.couchdb.user:${member.name}`)],
    before,
  )
})

t.test('a new password is set, and other members stay', async (t) => {
  const { url, member, name } = names(t)
  await initDatabase({ url, member })
  await ask('PUT', `/${name}/_security`, {
    admins: { names: ['carol', member.name], roles: ['_admin'] },
    members: { names: ['bob'], roles: ['readers'] },
  })
  const changed = { ...member, password: 'another' }
  t.match(await initDatabase({ url, member: changed }), { member: 'password changed', security: 'set' })
  t.strictSame(await ask('GET', `/${name}/_security`), {
    admins: { names: ['carol'], roles: ['_admin'] },
    members: { names: ['bob', member.name], roles: ['readers'] },
  })
})

t.test('q and n are as wanted, and are not quietly another', async (t) => {
  const { url, member } = names(t)
  const result = await initDatabase({ url, member, q: 3, n: 1 })
  if (result.q === undefined) t.comment('this server divides no databases')
  else {
    t.match(result, { q: 3, n: 1 })
    await t.rejects(initDatabase({ url, member, q: 4 }), /q=3, not 4/)
  }
})

t.test('an account that may do more than the service should is refused', async (t) => {
  const { url, member } = names(t)
  await initDatabase({ url, member })
  const admin = { name: server.username, password: server.password }
  await t.rejects(initDatabase({ url, member: admin }), /administrator/)
})

t.test('it says who is refused, and what cannot be reached', async (t) => {
  const { url, member } = names(t)
  await initDatabase({ url, member })
  const wrong = new URL(url)
  wrong.password = 'wrong'
  t.equal(await codeOf(initDatabase({ url: wrong.href, member })), 'CREDENTIALS_REFUSED')
  t.equal(await codeOf(initDatabase({ url: 'http://a:b@127.0.0.1:1/db', member })), 'REPOSITORY_UNAVAILABLE')
  t.match(await codeOf(initDatabase({ url: 'http://127.0.0.1:1', member })), /TypeError/)
})
