import { sampleContent, sampleWorkspaceId } from 'photos-samples'
import t from 'tap'
import { exported, lmdb, run, start, untilWritten } from './support.js'

/** So many that a run takes much longer than it takes to notice that it has begun. */
const MANY = 60_000

t.beforeEach((t) => {
  t.testdir()
})

t.test('the same seed fills two stores with the same workspaces, another seed with others', async (t) => {
  const workspaces = 500
  const of = async (name: string, seed: string): Promise<string> => {
    const store = lmdb(t, name)
    const { code, stdout } = await run(t, [
      'seed',
      '-n',
      String(workspaces),
      '--seed',
      seed,
      '--store',
      store,
    ])
    t.equal(code, 0)
    t.equal(stdout, 'wrote 500 workspaces, 0 were there already\n')
    return exported(t, store)
  }
  const expected = Array.from({ length: workspaces }, (_, index) => {
    const photos = Buffer.from(sampleContent(index, 7).photos).toString()
    return `{"workspaceId":"${sampleWorkspaceId(index)}","photos":${photos}}\n`
  })
  t.equal(await of('first', '7'), expected.join(''))
  t.equal(await of('second', '7'), expected.join(''))
  t.not(await of('third', '8'), expected.join(''))
})

t.test('what is there already is left alone, and more can be added', async (t) => {
  const store = lmdb(t, 'data')
  await run(t, ['seed', '-n', '100', '--store', store])
  const again = await run(t, ['seed', '-n', '150', '--store', store])
  t.equal(again.stdout, 'wrote 50 workspaces, 100 were there already\n')
})

t.test(
  'after Ctrl-C and after a kill the same command goes on, with the same result as in one go',
  async (t) => {
    const command = (name: string) => ['seed', '-n', String(MANY), '--store', lmdb(t, name)]
    const interrupted = start(t, command('data'))
    await interrupted.said(/^seeding 60,000 sample workspaces \(seed 1\) into lmdb:/)
    await untilWritten(t, 'data', sampleWorkspaceId(5000))
    interrupted.kill('SIGINT')
    const first = await interrupted.finished
    t.equal(first.code, 130)
    t.match(first.stderr, /interrupted; the same command again goes on from here\n$/)
    const [, written = ''] = /^wrote ([\d,]+) workspaces, 0 were there already\n$/.exec(first.stdout) ?? []
    t.ok(Number(written.replaceAll(',', '')) >= 5000, `${written} written`)

    for (const index of [20_000, 30_000]) {
      const killed = start(t, command('data'))
      await killed.said(/^seeding/)
      await untilWritten(t, 'data', sampleWorkspaceId(index))
      killed.kill('SIGKILL')
      t.equal((await killed.finished).code, undefined)
    }

    const last = await run(t, command('data'))
    t.equal(last.code, 0)
    t.match(last.stdout, /^wrote (?!0 |60,000 )[\d,]+ workspaces, [\d,]+ were there already\n$/)
    t.equal((await run(t, command('in-one-go'))).code, 0)
    t.ok(
      (await exported(t, lmdb(t, 'data'))) === (await exported(t, lmdb(t, 'in-one-go'))),
      'the stores are the same',
    )
  },
)

t.test('SIGTERM stops it as cleanly, with an exit code of its own', async (t) => {
  const running = start(t, ['seed', '-n', String(MANY), '--store', lmdb(t, 'data')])
  await running.said(/^seeding/)
  await untilWritten(t, 'data', sampleWorkspaceId(0))
  running.kill('SIGTERM')
  t.equal((await running.finished).code, 143)
})

t.test('two of them on one store do the work once', async (t) => {
  const store = lmdb(t, 'data')
  const both = await Promise.all([1, 2].map(() => run(t, ['seed', '-n', '5000', '--store', store])))
  const written = both.map(({ code, stdout }) => {
    t.equal(code, 0)
    return Number(/^wrote ([\d,]+)/.exec(stdout)?.[1]?.replaceAll(',', ''))
  })
  t.equal((written[0] ?? 0) + (written[1] ?? 0), 5000)
  t.equal((await exported(t, store)).split('\n').length, 5001)
})

t.test('the store is that of the service unless another one is named', async (t) => {
  const { code, stderr } = await run(t, ['seed', '-n', '10'], { env: { PHOTOS_DATA_DIR: 'mine' } })
  t.equal(code, 0)
  t.match(stderr, `into ${lmdb(t, 'mine')}\n`)
  t.equal((await exported(t, lmdb(t, 'mine'))).split('\n').length, 11)
})

t.test('a wrong command line is refused in a few words', async (t) => {
  const wrong: [string[], RegExp][] = [
    [['seed'], /required option '-n, --workspaces <count>' not specified/],
    [['seed', '-n', '0'], /integer from 1 to 1000000000/],
    [['seed', '-n', '1e3'], /integer from 1 to 1000000000/],
    [['seed', '-n', '1', '--seed', 'x'], /argument 'x' is invalid/],
    [['seed', '-n', '1', '--concurrency', '5000'], /integer from 1 to 4096/],
    [['seed', '-n', '1', '--store', 'x'], /not a store: x/],
    [['seed', '-n', '1', '--sotre', 'x'], /unknown option '--sotre'/],
    [['sed'], /unknown command 'sed'/],
    [[], /Usage: photos/],
  ]
  for (const [args, message] of wrong) {
    const { code, stdout, stderr } = await run(t, args)
    t.equal(code, 2, args.join(' '))
    t.match(stderr, message)
    t.notMatch(stderr, /\n {4}at /, 'no stack trace')
    t.equal(stdout, '')
  }
})

t.test('a configuration that the service would refuse is refused', async (t) => {
  const env = { COUCHDB_URL: 'http://app:s3cret@db', PHOTOS_CASHE: 'off' }
  const { code, stderr } = await run(t, ['seed', '-n', '1'], { env })
  t.equal(code, 2)
  t.match(stderr, /^photos: configuration: .*COUCHDB_URL.*PHOTOS_CASHE.*\n$/)
  t.notMatch(stderr, 's3cret')
})

t.test('a store that cannot be opened is told in a line', async (t) => {
  t.testdir({ file: 'not a directory' })
  const { code, stderr } = await run(t, ['seed', '-n', '1', '--store', lmdb(t, 'file/data')])
  t.equal(code, 1)
  t.match(stderr, /^photos: [^\n]+\n$/)
})

t.test('help is no failure', async (t) => {
  for (const args of [
    ['--help'],
    ['seed', '--help'],
    ['import', '-h'],
    ['export', '-h'],
    ['help', 'doctor'],
  ]) {
    const { code, stdout, stderr } = await run(t, args)
    t.equal(code, 0)
    t.match(stdout, /^Usage: photos/)
    t.equal(stderr, '')
  }
})
