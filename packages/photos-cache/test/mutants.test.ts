import t from 'tap'
import { explore } from './simulation/explore.js'
import { mutants } from './simulation/mutants.js'

/** As many as the proof explores: a mutant that survives them would survive the proof. */
const RUNS = 100_000

for (const [what, options] of Object.entries(mutants)) {
  t.test(`a cache in which ${what} is found out`, async (t) => {
    const found = await explore({ runs: RUNS, seed: 1 }, options, false)
    t.match(found, /replica/)
    t.comment(/failed after \d+ tests/.exec(found ?? '')?.[0], found?.split('\n').at(-1))
  })
}
