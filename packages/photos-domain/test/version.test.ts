import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compareVersions, NEVER_WRITTEN } from 'photos-domain'
import t from 'tap'

const counter = fc.bigInt({ min: 1n, max: 10n ** 24n })
const hash = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 })
const embedded = counter.map(String)
const revision = fc.tuple(fc.oneof(fc.bigInt({ min: 1n, max: 12n }), counter), hash)
const anyVersion = fc.oneof(
  fc.constant(NEVER_WRITTEN),
  embedded,
  revision.map(([count, suffix]) => `${count}-${suffix}`),
)

const signOf = (order: number): number => Math.sign(order)

t.test('versions have a total order', (t) => {
  fc.assert(
    fc.property(anyVersion, anyVersion, anyVersion, (a, b, c) => {
      const [ab, ba, bc, ac] = [
        compareVersions(a, b),
        compareVersions(b, a),
        compareVersions(b, c),
        compareVersions(a, c),
      ]
      assert.equal(signOf(ab) + signOf(ba), 0, 'antisymmetric')
      assert.equal(ab === 0, a === b, 'only the same version is equal')
      assert.ok(!(ab <= 0 && bc <= 0 && ac > 0), 'transitive')
    }),
    { numRuns: 5000 },
  )
  t.end()
})

t.test('counters are ordered as the numbers they are, however long', (t) => {
  fc.assert(
    fc.property(counter, counter, (a, b) => {
      assert.equal(signOf(compareVersions(String(a), String(b))), a === b ? 0 : a < b ? -1 : 1)
    }),
  )
  t.ok(compareVersions('9', '10') < 0)
  t.ok(compareVersions('1764000000000000', '1764000000000001') < 0)
  t.end()
})

t.test('revisions are ordered by their count, then by their hash, as CouchDB picks a winner', (t) => {
  fc.assert(
    fc.property(revision, revision, ([aCount, aHash], [bCount, bHash]) => {
      const order =
        aCount === bCount ? (aHash === bHash ? 0 : aHash < bHash ? -1 : 1) : aCount < bCount ? -1 : 1
      assert.equal(signOf(compareVersions(`${aCount}-${aHash}`, `${bCount}-${bHash}`)), order)
    }),
  )
  t.ok(compareVersions('9-ffffffffffffffffffffffffffffffff', '10-00000000000000000000000000000000') < 0)
  t.ok(compareVersions('2-fffffffffffffffffffffffffffffffe', '2-ffffffffffffffffffffffffffffffff') < 0)
  t.ok(compareVersions('9-abcdef', '10-a') < 0, 'whatever the length of what follows the count')
  t.ok(compareVersions('9-abcdef', '10') < 0)
  t.end()
})

t.test('every version is above that of a workspace that was never written', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        embedded,
        revision.map(([count, suffix]) => `${count}-${suffix}`),
      ),
      (version) => {
        assert.ok(compareVersions(version, NEVER_WRITTEN) > 0)
      },
    ),
  )
  t.equal(compareVersions(NEVER_WRITTEN, NEVER_WRITTEN), 0)
  t.end()
})

t.test('sorting puts the oldest version first', (t) => {
  const sorted = [NEVER_WRITTEN, '1-b', '2-a', '2-c', '10-a', '100-0']
  t.strictSame([...sorted].reverse().sort(compareVersions), sorted)
  t.end()
})
