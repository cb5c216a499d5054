import { rm } from 'node:fs/promises'
import { openLmdbRepository } from 'photos-lmdb'
import t from 'tap'
import { checkStore } from './helpers/check-store.js'
import { type Acknowledgement, Counter } from './helpers/counter.js'
import { newDirectory } from './helpers/directories.js'

const ROUNDS = 10
const COUNTERS = 5

/*
 * 50 processes are killed with SIGKILL while they write, at a moment that chance has given; those not killed yet write on. In
 * every second round this process has the store open all the time; in the others the next to open it finds it as they left it.
 */
t.test('50 kills during bursts of writes lose no acknowledged write and damage nothing', async (t) => {
  const path = await newDirectory()
  t.teardown(() => rm(path, { recursive: true }))
  const acknowledgements: Acknowledgement[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const witness = round % 2 === 1 ? await openLmdbRepository({ path }) : undefined
    acknowledgements.push(...(await killedCounters(path)))
    const repository = witness ?? (await openLmdbRepository({ path }))
    await checkStore(t, repository, acknowledgements)
    await repository.close()
  }
  t.comment(`${acknowledgements.length} writes were acknowledged`)
})

async function killedCounters(path: string): Promise<Acknowledgement[]> {
  const counters = Array.from({ length: COUNTERS }, () => {
    return new Counter(path, { workspaces: 200, writesAtOnce: 32 })
  })
  try {
    for (const counter of counters) {
      await counter.acknowledged(counter.acknowledgements.length + 1 + Math.floor(Math.random() * 100))
      await counter.kill()
    }
  } finally {
    // Where one fails, the others would write on, and hold this test's output open, for ever.
    for (const counter of counters) counter.abandon()
  }
  return counters.flatMap((counter) => counter.acknowledgements)
}
