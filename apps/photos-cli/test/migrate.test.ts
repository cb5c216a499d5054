import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { encodePhotos, encodeReceipts, type PhotoRepository } from 'photos-domain'
import { openLmdbRepository } from 'photos-lmdb'
import { sampleWorkspaceId } from 'photos-samples'
import t, { type Test } from 'tap'
import { exported, lineOf, lmdb, photo, type Running, run, start, untilWritten } from './support.js'

t.beforeEach((t) => {
  t.testdir()
})

const STATE = 'state.json'

/** The arguments that migrate the store `from` to `to`. */
const migrate = (t: Test, ...more: string[]): string[] => [
  'migrate',
  '--from',
  lmdb(t, 'from'),
  '--to',
  lmdb(t, 'to'),
  '--state',
  STATE,
  ...more,
]

const seed = (t: Test, count: number) => run(t, ['seed', '-n', String(count), '--store', lmdb(t, 'from')])

async function withRepository<T>(t: Test, name: string, action: (store: PhotoRepository) => Promise<T>) {
  const repository = await openLmdbRepository({ path: join(t.testdirName, name) })
  try {
    return await action(repository)
  } finally {
    await repository.close()
  }
}

/** Replaces the photos of a workspace, and its receipts. */
async function put(
  repository: PhotoRepository,
  workspaceId: string,
  description: string | undefined,
  receipts?: Uint8Array,
) {
  const { version } = await repository.read(workspaceId)
  const photos = encodePhotos(description === undefined ? [] : [photo('p', description)])
  await repository.write(workspaceId, { photos, receipts }, version)
}

t.test('every workspace is copied with its receipts, and both stores are compared', async (t) => {
  await seed(t, 1000)
  const receipts = encodeReceipts([{ key: 'k', fingerprint: 'f', photoId: 'p', at: 1 }])
  await withRepository(t, 'from', async (source) => {
    await put(source, 'with-receipts', 'a', receipts)
    await put(source, 'emptied', 'a')
    await put(source, 'emptied', undefined)
  })
  const migrated = await run(t, migrate(t))
  t.equal(migrated.code, 0)
  const [copied, source = '', target = '', verdict] = migrated.stdout.split('\n')
  t.equal(copied, 'copied 1,002 workspaces, 0 were the same already')
  t.match(source, /^source: 1,001 workspaces with photos, sha256 [0-9a-f]{64}$/)
  t.equal(target, source.replace('source', 'target'))
  t.equal(verdict, 'verified: both have the same photos')
  t.ok((await exported(t, lmdb(t, 'to'))) === (await exported(t, lmdb(t, 'from'))))
  const found = await withRepository(t, 'to', async (repository) => repository.read('with-receipts'))
  t.strictSame(Buffer.from(found.receipts ?? []), Buffer.from(receipts ?? []))
})

t.test('what was copied is not copied again; what has changed since is', async (t) => {
  await seed(t, 300)
  await run(t, migrate(t))
  t.match(await run(t, migrate(t)), { code: 0, stdout: /^copied 0 workspaces, 0 were the same already\n/ })
  await withRepository(t, 'from', (source) => put(source, sampleWorkspaceId(7), 'changed'))
  t.match(await run(t, migrate(t)), {
    code: 0,
    stdout: /^copied 1 workspaces, 0 were the same already\n/,
    stderr: /going on after 300 changes/,
  })
  t.match(await run(t, migrate(t, '--restart')), {
    code: 0,
    stdout: /^copied 0 workspaces, 300 were the same already\n/,
  })
})

t.test('the source wins, nothing is removed, and whatever differs is named', async (t) => {
  await seed(t, 300)
  await run(t, migrate(t))
  await withRepository(t, 'to', async (target) => {
    await put(target, sampleWorkspaceId(7), 'another')
    await put(target, sampleWorkspaceId(9), undefined)
    await put(target, 'only-here', 'a')
    await put(target, 'only-here-and-empty', undefined)
  })
  const different = await run(t, migrate(t))
  t.equal(different.code, 1)
  t.match(different.stdout, /^3 workspaces differ: only-here, sample-000000007, sample-000000009$/m)
  t.notMatch(different.stdout, 'verified')
  const again = await run(t, migrate(t, '--restart'))
  t.match(again, { code: 1, stdout: /^copied 2 workspaces, 298 were the same already\n/ })
  t.match(again.stdout, /^1 workspaces differ: only-here$/m)
  const sums = [...again.stdout.matchAll(/sha256 (\w+)/g)].map(([, sum]) => sum)
  t.not(sums[0], sums[1])
})

t.test('killed anywhere, it goes on from its last checkpoint', async (t) => {
  await seed(t, 3000)
  const early = start(t, migrate(t, '--concurrency', '1'))
  await untilWritten(t, 'to', sampleWorkspaceId(100))
  early.kill('SIGKILL')
  await early.finished
  const later = start(t, migrate(t, '--concurrency', '1'))
  await untilThereIs(t, STATE)
  later.kill('SIGKILL')
  await later.finished
  const rest = await run(t, migrate(t))
  t.match(rest, { code: 0, stderr: /going on after [\d,]+ changes/, stdout: /verified/ })
  t.ok((await exported(t, lmdb(t, 'to'))) === (await exported(t, lmdb(t, 'from'))))
  t.match(JSON.parse(await readFile(join(t.testdirName, STATE), 'utf8')), { failed: [], format: 1 })
})

t.test('interrupted, it says so and goes on with the same command', async (t) => {
  await seed(t, 3000)
  const running = start(t, migrate(t, '--concurrency', '1'))
  await untilWritten(t, 'to', sampleWorkspaceId(100))
  running.kill('SIGINT')
  const { code, stderr } = await running.finished
  t.equal(code, 130)
  t.match(stderr, /^interrupted; the same command goes on from here \(.*state\.json\)$/m)
  const { changes } = JSON.parse(await readFile(join(t.testdirName, STATE), 'utf8'))
  t.ok(changes >= 100 && changes < 3000)
  const rest = await run(t, migrate(t))
  t.match(rest, { code: 0, stdout: /verified/ })
  t.equal(Number(/copied ([\d,]+)/.exec(rest.stdout)?.[1]?.replace(',', '')), 3000 - changes)
})

t.test(
  'it follows what is written to the source, in order, and the rest is copied and verified',
  async (t) => {
    await seed(t, 2000)
    await withRepository(t, 'from', async (source) => {
      const running = start(t, migrate(t, '--follow'))
      const writing = new AbortController()
      const busy = writeOnAndOn(source, writing.signal)
      await running.said(/^caught up; following/m)
      await put(source, 'added-late', 'a')
      await untilDescribed(t, running, 'added-late', 'a')
      writing.abort()
      const last = await busy
      await untilDescribed(t, running, 'hot', last)
      running.kill('SIGINT')
      t.match(await running.finished, { code: 130, stdout: /copied [\d,]+ changes while following/ })
      await put(source, 'hot', 'after that')
    })
    t.match(await run(t, migrate(t)), { code: 0, stdout: /^copied 1 workspaces.*\n[\s\S]*verified/ })
    t.ok((await exported(t, lmdb(t, 'to'))) === (await exported(t, lmdb(t, 'from'))))
  },
)

t.test('a source that is written during the verification is no difference', async (t) => {
  await seed(t, 3000)
  await withRepository(t, 'from', async (source) => {
    const running = start(t, migrate(t))
    await running.said(/^verifying$/m)
    for (const index of [0, 1500, 2999]) await put(source, sampleWorkspaceId(index), 'meanwhile')
    t.match(await running.finished, { code: 0, stdout: /verified/ })
  })
})

t.test('the file of its state is made beside where the user is, one for each pair of stores', async (t) => {
  await seed(t, 10)
  const args = (to: string) => ['migrate', '--from', lmdb(t, 'from'), '--to', lmdb(t, to)]
  await run(t, args('one'))
  await run(t, args('two'))
  await run(t, args('two'))
  const files = (await readdir(t.testdirName)).filter((name) => name.endsWith('.json'))
  t.equal(files.length, 2)
  for (const name of files) t.match(name, /^photos-migrate-[0-9a-f]{12}\.json$/)
})

t.test('a state that is of other stores, or none, is refused before anything is copied', async (t) => {
  await seed(t, 10)
  await run(t, ['migrate', '--from', lmdb(t, 'from'), '--to', lmdb(t, 'other'), '--state', STATE])
  const foreign = await run(t, migrate(t))
  t.equal(foreign.code, 1)
  t.match(
    foreign.stderr,
    /is the state of a migration from .*from to .*other; name another file with --state\n$/,
  )
  await writeFile(join(t.testdirName, STATE), '{"format":1}')
  t.match(await run(t, migrate(t)), { code: 1, stderr: /is not the state of a migration: from is required/ })
  t.notOk((await readdir(t.testdirName)).includes('to'))
})

t.test('stores that cannot be migrated are refused', async (t) => {
  t.match(await run(t, migrate(t)), { code: 1, stderr: `photos: there is no store at ${lmdb(t, 'from')}\n` })
  const same = await run(t, ['migrate', '--from', lmdb(t, 'x'), '--to', lmdb(t, './x/')])
  t.match(same, { code: 2, stderr: 'photos: --from and --to are the same store\n' })
  t.match(await run(t, ['migrate', '--to', lmdb(t, 'x')]), { code: 2, stderr: /--from/ })
  t.strictSame(await readdir(t.testdirName), [])
})

t.test('an import does not bring back what was emptied before the migration', async (t) => {
  await seed(t, 1)
  await withRepository(t, 'from', async (source) => {
    await put(source, 'emptied', 'a')
    await put(source, 'emptied', undefined)
  })
  await run(t, migrate(t))
  const input = lineOf('emptied', photo('p', 'a'))
  t.match(await run(t, ['import', '--store', lmdb(t, 'to')], { input }), {
    stdout: /imported 0, .*skipped 1/,
  })
})

/** Writes one workspace again and again, and many others; resolves to the last description of `hot`. */
async function writeOnAndOn(source: PhotoRepository, signal: AbortSignal): Promise<string> {
  for (let count = 0; ; count++) {
    const description = `number ${count}`
    await put(source, 'hot', description)
    await put(source, sampleWorkspaceId(count % 2000), description)
    if (signal.aborted) return description
  }
}

async function untilThereIs(t: Test, name: string): Promise<void> {
  while (!(await readdir(t.testdirName)).includes(name)) await delay(1)
}

/** Resolves once the target has this description. */
async function untilDescribed(t: Test, running: Running, workspaceId: string, description: string) {
  let ended = false
  running.finished.finally(() => {
    ended = true
  })
  await withRepository(t, 'to', async (target) => {
    const wanted = encodePhotos([photo('p', description)])
    while (Buffer.compare((await target.read(workspaceId, { fresh: true })).photos, wanted) !== 0) {
      if (ended) throw new Error('it ended before it copied that')
      await delay(1)
    }
  })
}
