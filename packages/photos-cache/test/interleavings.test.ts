import fc from 'fast-check'
import t from 'tap'
import { scenarios } from './simulation/commands.js'
import { Run } from './simulation/run.js'

const RUNS = Number(process.env['PHOTOS_INTERLEAVINGS'] ?? 100_000)

t.test(`no interleaving of ${RUNS} breaks a promise`, { timeout: 600_000 }, async (t) => {
  const start = performance.now()
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      const violations = await new Run(scenario).play()
      if (violations.length > 0) throw new Error(violations.join('\n'))
    }),
    { numRuns: RUNS },
  )
  t.comment(`${((performance.now() - start) / 1000).toFixed(1)} s`)
})
