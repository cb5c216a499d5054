import t from 'tap'
import { emptyDatabase, send } from './couchdb-support.js'
import { exported, lmdb, photo, run } from './support.js'

t.beforeEach((t) => {
  t.testdir()
})

t.test('conflicting revisions are merged without losing a photo, and then there are none', async (t) => {
  const { store, url } = await emptyDatabase(t)
  await run(t, ['seed', '-n', '20', '--store', store])
  await send('POST', `${url}/_bulk_docs`, {
    new_edits: false,
    docs: [
      { _id: 'acme', _rev: `1-${'a'.repeat(32)}`, photos: [photo('one', 'here')] },
      { _id: 'acme', _rev: `1-${'b'.repeat(32)}`, photos: [photo('two', 'there')] },
    ],
  })
  const repaired = await run(t, ['doctor', '--repair', '--store', store])
  t.match(repaired, {
    code: 0,
    stdout: 'examined 21 workspaces: 1 had conflicting revisions, 1 were repaired, 1 revisions merged\n',
  })
  const lines = await exported(t, store)
  t.match(lines, /"acme".*"here"/)
  t.match(lines, /"acme".*"there"/)
  const again = await run(t, ['doctor', '--repair', '--json', '--store', store])
  t.equal(again.code, 0)
  t.match(JSON.parse(again.stdout), { examined: 21, conflicted: 0, repaired: 0, merged: 0, failed: [] })
})

t.test('a workspace that cannot be repaired is named', async (t) => {
  const { store, url } = await emptyDatabase(t)
  await send('POST', `${url}/_bulk_docs`, {
    new_edits: false,
    docs: [
      { _id: 'acme', _rev: `1-${'a'.repeat(32)}`, photos: [photo('one', 'here')] },
      { _id: 'acme', _rev: `1-${'b'.repeat(32)}`, photos: 'none' },
    ],
  })
  const { code, stderr, stdout } = await run(t, ['doctor', '--repair', '--store', store])
  t.equal(code, 1)
  t.match(stdout, '1 had conflicting revisions, 0 were repaired')
  t.match(stderr, /^acme is not repaired: /m)
})

t.test('an embedded store has nothing to repair', async (t) => {
  const { code, stdout } = await run(t, ['doctor', '--repair', '--store', lmdb(t, 'data')])
  t.match({ code, stdout }, { code: 0, stdout: /there is nothing to repair\n$/ })
})
