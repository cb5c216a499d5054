import t from 'tap'
import { exploreInParallel } from './simulation/explore.js'

/**
 * The proof of PROOF.md. Every run explores the same interleavings, so that a failure is of the change and not of the draw;
 * PHOTOS_SEED takes another seed, or `random`, which is told when it fails.
 */
const RUNS = Number(process.env['PHOTOS_INTERLEAVINGS'] ?? 100_000)
const DEFAULT_SEED = '20261122'
const given = process.env['PHOTOS_SEED'] ?? DEFAULT_SEED
const SEED = given === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(given)

t.test(`no promise is broken in ${RUNS} interleavings of readers, writers and faults`, async (t) => {
  t.same(await exploreInParallel({ runs: RUNS, seed: SEED, deafFeeds: false }), [], `with seed ${SEED}`)
})

t.test('with feeds that tell nothing, what was announced on the bus is never missed', async (t) => {
  t.same(await exploreInParallel({ runs: RUNS / 10, seed: SEED, deafFeeds: true }), [], `with seed ${SEED}`)
})
