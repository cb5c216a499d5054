import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { emptyDatabase, mortalDatabase, send } from './couchdb-support.js'
import { exported, lmdb, run, start, untilWritten } from './support.js'

t.beforeEach((t) => {
  t.testdir()
})

t.test('an embedded store becomes a CouchDB database and an embedded store again', async (t) => {
  const { store } = await emptyDatabase(t)
  await run(t, ['seed', '-n', '1500', '--store', lmdb(t, 'one')])
  const there = await run(t, ['migrate', '--from', lmdb(t, 'one'), '--to', store])
  t.match(there, { code: 0, stdout: /^copied 1,500 workspaces, 0 were the same already\n[\s\S]*verified/ })
  const back = await run(t, ['migrate', '--from', store, '--to', lmdb(t, 'two')])
  t.match(back, { code: 0, stdout: /^copied 1,500 workspaces, 0 were the same already\n[\s\S]*verified/ })
  t.ok((await exported(t, lmdb(t, 'two'))) === (await exported(t, lmdb(t, 'one'))))
  const again = await run(t, ['migrate', '--from', store, '--to', lmdb(t, 'two')])
  t.match(again, { code: 0, stdout: /^copied 0 workspaces, 0 were the same already\n/ })
})

t.test('the changes of a database are followed', async (t) => {
  const { store, url } = await emptyDatabase(t)
  await send('PUT', `${url}/first`, { photos: [] })
  const running = start(t, ['migrate', '--from', store, '--to', lmdb(t, 'to'), '--follow', '--state', 's'])
  await running.said(/^caught up; following/m)
  const photos = [{ id: 'p', url: 'https://example.org/a.jpg', description: 'late' }]
  await send('PUT', `${url}/second`, { photos })
  await untilWritten(t, 'to', 'second')
  running.kill('SIGTERM')
  t.equal((await running.finished).code, 143)
  t.match(await exported(t, lmdb(t, 'to')), /"workspaceId":"second","photos":\[\{"id":"p"/)
})

t.test(
  'a document that is no workspace is told, left out, and tried again when it was put right',
  async (t) => {
    const { store, url } = await emptyDatabase(t)
    await run(t, ['seed', '-n', '50', '--store', store])
    const { rev } = (await send('PUT', `${url}/odd`, { photos: 'none' })) as { rev: string }
    const args = ['migrate', '--from', store, '--to', lmdb(t, 'to')]
    const partly = await run(t, args)
    t.match(partly, {
      code: 1,
      stdout: 'copied 50 workspaces, 0 were the same already, 1 could not be copied\n',
      stderr: /^odd is not copied: .*\n[\s\S]*not verified/m,
    })
    t.match(await run(t, args), { code: 1, stderr: /^odd is not copied/m })
    await send('PUT', `${url}/odd`, { _rev: rev, photos: [] })
    t.match(await run(t, args), { code: 0, stdout: /verified/ })
  },
)

t.test('a migration waits for a server that dies and comes back', async (t) => {
  const server = await mortalDatabase(t)
  const countWorkspaces = async () => ((await send('GET', server.url)) as { doc_count: number }).doc_count
  await run(t, ['seed', '-n', '2000', '--store', lmdb(t, 'from')])
  const running = start(t, ['migrate', '--from', lmdb(t, 'from'), '--to', server.url, '--concurrency', '64'])
  while ((await countWorkspaces()) < 100) await new Promise((resolve) => setTimeout(resolve, 1))
  await server.kill()
  await server.restart()
  t.match(await running.finished, { code: 0, stdout: /verified/ })
  t.equal(await countWorkspaces(), 2000)
})

t.test('passwords are neither printed nor kept', async (t) => {
  const { url } = await mortalDatabase(t)
  await run(t, ['seed', '-n', '5', '--store', lmdb(t, 'from')])
  const secret = url.replace('://', '://app:s3cret@')
  const args = ['migrate', '--from', lmdb(t, 'from'), '--to', secret, '--state', 'state.json']
  const { stdout, stderr } = await run(t, args)
  t.match(stderr, 'app:****@')
  const state = await readFile(join(t.testdirName, 'state.json'), 'utf8').catch(() => '')
  t.notMatch(stdout + stderr + state, 's3cret')
})
