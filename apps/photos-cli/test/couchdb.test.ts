import { sampleWorkspaceId } from 'photos-samples'
import { openTestCouchdb, startPouchdb } from 'photos-test-servers'
import t from 'tap'
import { exported, lineOf, lmdb, photo, run, start } from './support.js'

t.beforeEach((t) => {
  t.testdir()
})

t.test('every command works on a CouchDB database as on an embedded store', async (t) => {
  const couchdb = await openTestCouchdb()
  t.teardown(() => couchdb.stop())
  const database = await couchdb.createDatabase()
  t.teardown(() => database.remove())
  const store = database.urls.join(',')
  const env = { COUCHDB_URL: store }

  const seeded = await run(t, ['seed', '-n', '300'], { env })
  t.match(seeded, { code: 0, stdout: 'wrote 300 workspaces, 0 were there already\n' })
  await run(t, ['seed', '-n', '300', '--store', lmdb(t, 'data')])
  const whole = await exported(t, lmdb(t, 'data'))
  t.ok((await exported(t, store)) === whole, 'both have the same workspaces')
  t.match(await run(t, ['seed', '-n', '310'], { env }), {
    code: 0,
    stdout: 'wrote 10 workspaces, 300 were there already\n',
  })

  const input = lineOf(sampleWorkspaceId(0), photo('p', 'another')) + lineOf('new')
  t.match(await run(t, ['import', '--on-conflict', 'replace'], { env, input }), {
    code: 0,
    stdout: 'imported 1, replaced 1, skipped 0, failed 0\n',
  })
  t.match(await run(t, ['export', '--after', sampleWorkspaceId(309)], { env }), { code: 0, stdout: '' })
  t.match((await exported(t, store)).split('\n'), { length: 312 })

  const examined = await run(t, ['doctor', '--json'], { env })
  t.equal(examined.code, 0)
  t.match(JSON.parse(examined.stdout), { store: { state: 'ready', status: { workspaces: 311 } } })
})

t.test('a seed waits for a server that dies and comes back', async (t) => {
  const server = await startPouchdb()
  t.teardown(() => server.stop())
  const database = `${server.url}/photos`
  t.equal((await fetch(database, { method: 'PUT' })).status, 201)
  const countWorkspaces = async (): Promise<number> =>
    ((await (await fetch(database)).json()) as { doc_count: number }).doc_count

  const running = start(t, ['seed', '-n', '2000', '--concurrency', '64', '--store', database])
  await running.said(/^seeding/)
  while ((await countWorkspaces()) < 100) await new Promise((resolve) => setTimeout(resolve, 1))
  await server.kill()
  await server.restart()
  t.match(await running.finished, { code: 0, stdout: 'wrote 2,000 workspaces, 0 were there already\n' })
  t.equal(await countWorkspaces(), 2000)
})

t.test('a database that there is not is told in a line', async (t) => {
  const server = await startPouchdb()
  t.teardown(() => server.stop())
  for (const args of [['seed', '-n', '1'], ['export']]) {
    const { code, stdout, stderr } = await run(t, [...args, '--store', `${server.url}/missing`])
    t.equal(code, 1)
    t.equal(stdout, '')
    t.match(stderr, /^photos: http:\/\/127\.0\.0\.1:\d+\/missing: [^\n]+\n$/)
  }
})
