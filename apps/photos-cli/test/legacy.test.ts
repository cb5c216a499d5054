import t from 'tap'
import { emptyDatabase, send } from './couchdb-support.js'
import { exported, lineOf, lmdb, photo, run } from './support.js'

t.beforeEach((t) => {
  t.testdir()
})

t.test('a database in the original layout is imported, and what is not right in it is told', async (t) => {
  const { url } = await emptyDatabase(t)
  await send('POST', `${url}/_bulk_docs`, {
    docs: [
      { _id: '_design/by-workspace', views: {} },
      { _id: '0a', workspace_id: 'acme', photos: [photo('1', 'a'), photo('2', 'b')] },
      { _id: '0b', workspace_id: 'solo', photos: [photo('1', 'ž')] },
      { _id: '0c', workspace_id: 'acme', photos: [photo('2', 'again'), photo('3', 'c')] },
      { _id: '0d', workspace_id: 'wrong', photos: [{ id: '1', url: 'ftp://example.org', description: '' }] },
      { _id: '0e', workspace_id: 'not an id', photos: [] },
      { _id: '0f', title: 'something else' },
    ],
  })
  const { code, stdout, stderr } = await run(t, ['import', '--from-legacy', url, '--store', lmdb(t, 'data')])
  t.equal(code, 1)
  t.equal(stdout, 'imported 2, replaced 0, skipped 0, failed 3\n')
  t.match(
    stderr,
    /^document 0d \(workspace wrong\): photos\.0\.url must be .*photos\.0\.description must not be empty$/m,
  )
  t.match(stderr, /^document 0e \(workspace not an id\): workspaceId /m)
  t.match(stderr, /^document 0f is not of the original layout: left out$/m)
  t.notMatch(stderr, '_design')
  t.equal(
    await exported(t, lmdb(t, 'data')),
    lineOf('acme', photo('1', 'a'), photo('2', 'b'), photo('3', 'c')) + lineOf('solo', photo('1', 'ž')),
  )
})

t.test('it is imported into a database of ours, and again without a change', async (t) => {
  const legacy = await emptyDatabase(t)
  const ours = await emptyDatabase(t)
  const docs = Array.from({ length: 1200 }, (_, index) => ({
    workspace_id: `w${index}`,
    photos: [photo('p', `number ${index}`)],
  }))
  await send('POST', `${legacy.url}/_bulk_docs`, { docs })
  const args = ['import', '--from-legacy', legacy.url, '--store', ours.store]
  t.match(await run(t, args), { code: 0, stdout: 'imported 1,200, replaced 0, skipped 0, failed 0\n' })
  t.match(await run(t, args), { code: 0, stdout: 'imported 0, replaced 0, skipped 1,200, failed 0\n' })
})

t.test('a legacy database is one URL, and no file beside it', async (t) => {
  const store = ['--store', lmdb(t, 'data')]
  t.match(await run(t, ['import', '--from-legacy', lmdb(t, 'x'), ...store]), { code: 2, stderr: /one URL/ })
  const url = 'http://127.0.0.1:1/legacy'
  t.match(await run(t, ['import', 'a.ndjson', '--from-legacy', url, ...store]), {
    code: 2,
    stderr: /only one/,
  })
})

t.test('a legacy database that cannot be read is told in a line', async (t) => {
  const { url } = await emptyDatabase(t)
  const { code, stderr } = await run(t, [
    'import',
    '--from-legacy',
    `${url}-missing`,
    '--store',
    lmdb(t, 'd'),
  ])
  t.equal(code, 1)
  t.match(stderr, /^photos: the import stopped \(imported 0, .*\n$/m)
  t.notMatch(stderr, /\n {4}at /)
})
