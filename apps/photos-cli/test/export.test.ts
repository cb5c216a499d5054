import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { exported, lineOf, lmdb, photo, run, start } from './support.js'

t.beforeEach((t) => {
  t.testdir()
})

/** Workspaces with everything that is hard to carry, in the byte order of their ids. */
const AWKWARD = [
  lineOf('0'),
  lineOf(
    'A-1_x',
    photo('p', 'žluťoučký kůň 🦄'),
    photo('q', 'line\nbreak "quoted" \\ back\u2028slash\u0000'),
  ),
  lineOf('Z'.repeat(64), photo('p', '\u{10ffff}\u007f\ufeff')),
  lineOf('a', photo('id', '"},{"id":"x"}]}')),
].join('')

t.test('what is exported is imported and exported again byte for byte', async (t) => {
  const [one, two, three] = [lmdb(t, 'one'), lmdb(t, 'two'), lmdb(t, 'three')]
  await run(t, ['seed', '-n', '1000', '--store', one])
  const imported = await run(t, ['import', '--store', one], { input: AWKWARD })
  t.match(imported, { code: 0, stdout: 'imported 4, replaced 0, skipped 0, failed 0\n' })

  const file = join(t.testdirName, 'all.ndjson')
  t.match(await run(t, ['export', '--store', one, '--output', file]), { code: 0, stdout: '' })
  const bytes = await readFile(file)
  t.ok(bytes.includes(AWKWARD), 'what came in canonical form went out the same')

  t.match(await run(t, ['import', file, '--store', two]), {
    code: 0,
    stdout: 'imported 1,004, replaced 0, skipped 0, failed 0\n',
  })
  t.ok((await exported(t, two)) === bytes.toString())
  t.match(await run(t, ['import', '-', '--store', three], { input: bytes }), { code: 0 })
  t.ok((await exported(t, three)) === bytes.toString())
  t.match(await run(t, ['import', file, '--store', two]), {
    code: 0,
    stdout: 'imported 0, replaced 0, skipped 1,004, failed 0\n',
  })
})

t.test('files are found from where the user is, also when a package manager went elsewhere', async (t) => {
  const user = t.testdir({ home: { 'in.ndjson': lineOf('a') } })
  const env = { INIT_CWD: join(user, 'home') }
  t.match(await run(t, ['import', 'in.ndjson', '--store', 'lmdb:data'], { env }), { code: 0 })
  t.match(await run(t, ['export', '-o', 'out.ndjson', '--store', 'lmdb:data'], { env }), { code: 0 })
  t.strictSame((await readdir(join(user, 'home'))).sort(), ['data', 'in.ndjson', 'out.ndjson'])
})

t.test('an export stops at Ctrl-C and says how to go on; both parts are the whole', async (t) => {
  const store = lmdb(t, 'data')
  await run(t, ['seed', '-n', '20000', '--store', store])
  const whole = await exported(t, store)

  // Nobody reads, so it gets no further than the pipe lets it.
  const running = start(t, ['export', '--store', store])
  await new Promise((resolve) => running.stdout.once('readable', resolve))
  running.kill('SIGINT')
  const { code, stdout, stderr } = await running.finished
  t.equal(code, 130)
  t.ok(stdout.length > 0 && stdout.length < whole.length)
  const [, lastId = ''] =
    /interrupted; [\d,]+ workspaces were exported; the rest: --after (\S+)\n/.exec(stderr) ?? []
  const rest = await run(t, ['export', '--store', store, '--after', lastId])
  t.ok(stdout + rest.stdout === whole)
})

t.test('a reader that goes away, such as head, ends an export without a word', async (t) => {
  const store = lmdb(t, 'data')
  await run(t, ['seed', '-n', '20000', '--store', store])
  const running = start(t, ['export', '--store', store])
  await new Promise((resolve) => running.stdout.once('readable', resolve))
  running.stdout.destroy()
  const { code, stderr } = await running.finished
  t.equal(code, 141)
  t.notMatch(stderr, /EPIPE|error|photos:/i)
})

t.test('there is nothing to export where there is no store, and none is made', async (t) => {
  const { code, stderr, stdout } = await run(t, ['export', '--store', lmdb(t, 'data')])
  t.match(
    { code, stderr, stdout },
    { code: 1, stderr: `photos: there is no store at ${lmdb(t, 'data')}\n`, stdout: '' },
  )
  t.strictSame(await readdir(t.testdirName), [])
})

t.test('an empty store is exported as an empty file', async (t) => {
  const store = lmdb(t, 'data')
  await run(t, ['import', '--store', store])
  const file = join(t.testdirName, 'all.ndjson')
  t.match(await run(t, ['export', '--store', store, '-o', file]), { code: 0 })
  t.equal((await readFile(file)).length, 0)
})
