import { rm } from 'node:fs/promises'
import { NEVER_WRITTEN } from 'photos-domain'
import { openLmdbRepository } from 'photos-lmdb'
import t, { type Test } from 'tap'
import { checkStore } from './helpers/check-store.js'
import { contentOf, countOf } from './helpers/counted.js'
import { Counter } from './helpers/counter.js'
import { newDirectory } from './helpers/directories.js'
import { Host } from './helpers/host.js'

async function directoryOf(t: Test): Promise<string> {
  const path = await newDirectory()
  t.teardown(() => rm(path, { recursive: true }))
  return path
}

t.test('processes that count in the same workspaces lose no count', async (t) => {
  const path = await directoryOf(t)
  const counters = Array.from({ length: 4 }, () => {
    return new Counter(path, { workspaces: 5, writesAtOnce: 8, counts: 150 })
  })
  const codes = await Promise.all(counters.map((counter) => counter.exit()))
  t.same(codes, [0, 0, 0, 0], 'each ends well')
  const repository = await openLmdbRepository({ path })
  const counts = ['w0', 'w1', 'w2', 'w3', 'w4'].map(async (id) => countOf(await repository.read(id)))
  t.same(await Promise.all(counts), [120, 120, 120, 120, 120], 'each count was made once')
  await checkStore(
    t,
    repository,
    counters.flatMap((counter) => counter.acknowledgements),
  )
  await repository.close()
})

t.test('the next read in any process sees a write that was acknowledged in another', async (t) => {
  const path = await directoryOf(t)
  const host = new Host()
  t.teardown(() => host.stop())
  const here = await openLmdbRepository({ path })
  const there = await host.open(path)
  const unseen: string[] = []
  let version = NEVER_WRITTEN
  for (let count = 1; count <= 200; count++) {
    const [writer, reader] = count % 2 === 0 ? [here, there] : [there, here]
    // So that it has a snapshot of before, if it keeps one.
    await reader.read('w')
    const writing = writer.write('w', contentOf(count), version)
    if (reader === here) while ((await Promise.race([writing, readOnce()])) === undefined);
    version = await writing
    const seen = await reader.read('w')
    if (seen.version !== version || countOf(seen) !== count)
      unseen.push(`${count}: ${seen.version}, not ${version}`)
  }
  t.same(unseen, [])
  await Promise.all([here.close(), there.close()])

  async function readOnce(): Promise<undefined> {
    await here.read('w')
    await new Promise((resolve) => setImmediate(resolve))
    return undefined
  }
})

t.test('a process reads on while another makes the file many times larger', async (t) => {
  const path = await directoryOf(t)
  const host = new Host()
  t.teardown(() => host.stop())
  const here = await openLmdbRepository({ path })
  const there = await host.open(path)
  const contents = new Map<string, Uint8Array>()
  const before = (await here.status()).bytes
  for (let index = 0; index < 24; index++) {
    // From one page to 1 MB: what lmdb copies into its own buffer, and what it shows in the file itself.
    const photos = Buffer.from(`["${String(index % 10).repeat(2 ** (index % 12) * 512)}"]`)
    await there.write(`w${index}`, { photos }, NEVER_WRITTEN)
    contents.set(`w${index}`, photos)
    for (const [workspaceId, wanted] of contents) {
      const { photos: found } = await here.read(workspaceId)
      if (Buffer.compare(found, wanted) !== 0) t.fail(`${workspaceId} is not as it was written`)
    }
  }
  t.ok((await here.status()).bytes > before * 50, 'the file has grown')
  await Promise.all([here.close(), there.close()])
})

t.test('a store can be opened again in a process that writes to it', async (t) => {
  const path = await directoryOf(t)
  const repository = await openLmdbRepository({ path })
  for (let count = 0; count < 50; count++) {
    const writing = repository.write(`w${count}`, contentOf(1), NEVER_WRITTEN)
    // lmdb begins the transaction after a turn or two of the event loop, and then waits for a further one.
    for (let turn = 0; turn < count % 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    const another = await openLmdbRepository({ path })
    const version = await writing
    t.equal((await another.read(`w${count}`)).version, version)
    await another.close()
  }
  await repository.close()
})

t.test('a store can be opened again while it is being closed', async (t) => {
  const path = await directoryOf(t)
  let version = NEVER_WRITTEN
  for (let count = 1; count <= 10; count++) {
    const repository = await openLmdbRepository({ path })
    const writing = repository.write('w', contentOf(count), version)
    const closing = repository.close()
    const again = await openLmdbRepository({ path })
    version = await writing
    t.equal(countOf(await again.read('w')), count)
    await Promise.all([closing, again.close()])
  }
})
