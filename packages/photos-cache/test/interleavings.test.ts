import t from 'tap'
import { exploreInParallel } from './simulation/explore.js'

/** The proof of PROOF.md. A failure prints the seed; with it in PHOTOS_SEED, the same interleavings are explored. */
const RUNS = Number(process.env['PHOTOS_INTERLEAVINGS'] ?? 100_000)
const SEED = Number(process.env['PHOTOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

t.test(`no promise is broken in ${RUNS} interleavings of readers, writers and faults`, async (t) => {
  t.same(await exploreInParallel({ runs: RUNS, seed: SEED, deafFeeds: false }), [], `with seed ${SEED}`)
})

t.test('with feeds that tell nothing, what was announced on the bus is never missed', async (t) => {
  t.same(await exploreInParallel({ runs: RUNS / 10, seed: SEED, deafFeeds: true }), [], `with seed ${SEED}`)
})
