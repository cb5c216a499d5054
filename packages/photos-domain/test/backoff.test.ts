import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { backoffDelayMs } from '../dist/backoff.js'

const backoff = { attempts: 12, baseDelayMs: 4, maxDelayMs: 250 }

t.test('the longest wait doubles with each attempt up to its bound', (t) => {
  const longest = Array.from({ length: 9 }, (_, i) => backoffDelayMs(backoff, i + 1, () => 1))
  t.strictSame(longest, [4, 8, 16, 32, 64, 128, 250, 250, 250])
  t.end()
})

t.test('the wait may be anything from nothing to the longest', (t) => {
  t.equal(
    backoffDelayMs(backoff, 5, () => 0),
    0,
  )
  t.equal(
    backoffDelayMs(backoff, 5, () => 0.25),
    16,
  )
  t.end()
})

t.test('no attempt, however late, waits longer than the bound or less than nothing', (t) => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), random, (attempt, chance) => {
      const waitMs = backoffDelayMs(backoff, attempt, () => chance)
      assert.ok(waitMs >= 0 && waitMs <= 250, `waits ${waitMs} ms`)
    }),
  )
  t.end()
})
