import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NEVER_WRITTEN } from 'photos-domain'
import { openLmdbRepository } from 'photos-lmdb'
import t, { type Test } from 'tap'
import { checkStore } from './helpers/check-store.js'
import { contentOf, countOf } from './helpers/counted.js'
import { Counter } from './helpers/counter.js'
import { newDirectory } from './helpers/directories.js'

const WORKSPACES = 20

/** Starts a process that opens and closes the store until it is told to end (see processes/opener.ts). */
function startOpener(path: string): ChildProcess {
  const script = fileURLToPath(new URL('processes/opener.js', import.meta.url))
  return spawn(process.execPath, [script, path, String(WORKSPACES)], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
}

async function startCounters(t: Test, path: string): Promise<readonly Counter[]> {
  const counters = Array.from({ length: 2 }, () => {
    return new Counter(path, { workspaces: WORKSPACES, writesAtOnce: 8, counts: 10_000 })
  })
  t.teardown(() => {
    for (const counter of counters) counter.abandon()
  })
  await Promise.all(counters.map((counter) => counter.acknowledged(1)))
  return counters
}

/*
 * Without the gate, one run of two loses a commit on a slow disk, and nearly each on a fast one. This process has the store
 * open all the time: what happens when the last one closes it is another matter (see "Known" in the README).
 */
t.test('processes that open a store while others commit to it undo no commit', async (t) => {
  const path = await newDirectory()
  t.teardown(() => rm(path, { recursive: true }))
  const repository = await openLmdbRepository({ path })
  const counters = await startCounters(t, path)
  const openers = Array.from({ length: 2 }, () => startOpener(path))
  t.same(await Promise.all(counters.map((counter) => counter.exit())), [0, 0], 'the counters end well')
  for (const opener of openers) opener.stdin?.end()
  const codes = await Promise.all(openers.map(async (opener) => (await once(opener, 'close'))[0]))
  t.same(codes, [0, 0], 'no workspace went back')
  await checkStore(
    t,
    repository,
    counters.flatMap((counter) => counter.acknowledgements),
  )
  await repository.close()
})

t.test('processes that are killed while they open a store hold up nobody', async (t) => {
  const path = await newDirectory()
  t.teardown(() => rm(path, { recursive: true }))
  const repository = await openLmdbRepository({ path })
  const counters = await startCounters(t, path)
  let isCounting = true
  const ended = Promise.all(counters.map((counter) => counter.exit())).finally(() => {
    isCounting = false
  })
  while (isCounting) {
    const opener = startOpener(path)
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 200))
    opener.kill('SIGKILL')
    await once(opener, 'close')
  }
  t.same(await ended, [0, 0], 'the counters end well')
  await checkStore(
    t,
    repository,
    counters.flatMap((counter) => counter.acknowledgements),
  )
  await repository.close()
})

t.test('a notice that a process left which died holds up neither writes nor openings', async (t) => {
  const path = await newDirectory()
  t.teardown(() => rm(path, { recursive: true }))
  const notice = join(path, 'gate', 'opening')
  const repository = await openLmdbRepository({ path })
  await writeFile(notice, '')
  const version = await repository.write('w', contentOf(1), NEVER_WRITTEN)
  t.notOk(existsSync(notice), 'it is taken away')
  await writeFile(notice, '')
  await repository.ready()
  t.notOk(existsSync(notice), 'and again')
  await repository.close()
  await writeFile(notice, '')
  const again = await openLmdbRepository({ path })
  t.notOk(existsSync(notice), 'and again')
  const record = await again.read('w')
  t.equal(record.version, version)
  t.equal(countOf(record), 1)
  await again.close()
})
