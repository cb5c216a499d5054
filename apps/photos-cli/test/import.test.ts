import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { exported, lineOf, lmdb, photo, run, start } from './support.js'

t.beforeEach((t) => {
  t.testdir()
})

t.test('lines that are not right are reported with number and reasons, and the rest goes in', async (t) => {
  const store = lmdb(t, 'data')
  const bad = { id: '', url: 'gopher://x', description: '' }
  const input = Buffer.concat([
    Buffer.from(`\ufeff${lineOf('a', photo('p', 'A'))}\r\n`),
    Buffer.from('not json\n'),
    Buffer.from(lineOf('b', photo('p', 'B'), bad).replace('\n', '\r\n')),
    Buffer.from([0x22, 0xff, 0x22, 0x0a]),
    Buffer.from(lineOf('c', photo('p', 'C'), photo('p', 'C'))),
    Buffer.from(lineOf('d').trimEnd()),
  ])
  const { code, stdout, stderr } = await run(t, ['import', '--store', store], { input })
  t.equal(code, 1)
  t.equal(stdout, 'imported 2, replaced 0, skipped 0, failed 4\n')
  const reports = stderr.split('\n').filter((text) => text.startsWith('line '))
  t.match(reports, [
    /^line 3: is not JSON: /,
    /^line 4: .*photos\.1\.id .*photos\.1\.url .*photos\.1\.description /,
    /^line 5: is not valid UTF-8$/,
    /^line 6: photos\.1\.id is the same as photos\.0\.id$/,
  ])
  t.equal(reports.length, 4)
  t.equal(await exported(t, store), lineOf('a', photo('p', 'A')) + lineOf('d'))
})

t.test('a workspace takes as many photos as the service is configured to', async (t) => {
  const env = { PHOTOS_MAX_PHOTOS: '2' }
  const input =
    lineOf('a', ...['p', 'q'].map((id) => photo(id, 'A'))) +
    lineOf('b', ...['p', 'q', 'r'].map((id) => photo(id, 'A')))
  const { code, stderr, stdout } = await run(t, ['import', '--store', lmdb(t, 'data')], { env, input })
  t.equal(code, 1)
  t.match(stderr, /^line 2: photos are 3; a workspace holds at most 2$/m)
  t.match(stdout, 'imported 1,')
})

t.test('--on-conflict says what becomes of workspaces that are there', async (t) => {
  const store = lmdb(t, 'data')
  const older = lineOf('a', photo('p', 'older'))
  const newer = lineOf('a', photo('p', 'newer'))
  await run(t, ['import', '--store', store], { input: older })
  const importing = (...args: string[]) => run(t, ['import', '--store', store, ...args], { input: newer })

  t.match(await importing(), { code: 0, stdout: 'imported 0, replaced 0, skipped 1, failed 0\n' })
  const failing = await importing('--on-conflict', 'fail')
  t.match(failing, { code: 1, stdout: 'imported 0, replaced 0, skipped 0, failed 1\n' })
  t.match(failing.stderr, /^line 1: workspace a is there already$/m)
  t.equal(await exported(t, store), older)
  t.match(await importing('--on-conflict', 'replace'), {
    code: 0,
    stdout: 'imported 0, replaced 1, skipped 0, failed 0\n',
  })
  t.equal(await exported(t, store), newer)
  t.match(await importing('--on-conflict', 'merge'), { code: 2 })
})

t.test('an import that waits for more input stops at Ctrl-C, and what came goes in', async (t) => {
  const store = lmdb(t, 'data')
  const running = start(t, ['import', '--store', store], { input: { open: lineOf('a') + lineOf('b') } })
  await running.said(/^importing into /)
  running.kill('SIGINT')
  const { code, stderr } = await running.finished
  t.equal(code, 130)
  t.match(stderr, /interrupted; the same command again puts the rest in\n$/)
})

t.test('an input that cannot be read is told in a line, and no store is made', async (t) => {
  const dir = t.testdir({ folder: {} })
  for (const [file, message] of [
    ['missing', /^photos: cannot read .*missing: ENOENT.*\n$/],
    ['folder', /^photos: cannot read .*folder: it is a directory\n$/],
  ] as const) {
    const { code, stderr } = await run(t, ['import', join(dir, file), '--store', lmdb(t, 'data')])
    t.equal(code, 1)
    t.match(stderr, message)
  }
  t.strictSame(await readdir(dir), ['folder'])
})
