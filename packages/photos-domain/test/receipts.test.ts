import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeReceipts, encodeReceipts, fingerprintOf, type Receipt, withReceipt } from 'photos-domain'
import t from 'tap'

const receiptOf = (key: string, at: number): Receipt => ({ key, fingerprint: 'f', photoId: 'p', at })
const keysOf = (receipts: readonly Receipt[]): string[] => receipts.map(({ key }) => key)

t.test('the newest receipt is in front, and the oldest one beyond the limit is dropped', (t) => {
  const limits = { maxReceipts: 3, maxAgeMs: 1000 }
  let receipts: Receipt[] = []
  for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) {
    receipts = withReceipt(receipts, receiptOf(key, i), limits)
  }
  t.strictSame(keysOf(receipts), ['d', 'c', 'b'])
  t.end()
})

t.test('receipts that are too old are dropped with the next one that is added', (t) => {
  const receipts = [receiptOf('c', 2000), receiptOf('b', 1001), receiptOf('a', 1000)]
  const next = withReceipt(receipts, receiptOf('d', 2000), { maxReceipts: 10, maxAgeMs: 1000 })
  t.strictSame(keysOf(next), ['d', 'c', 'b'])
  t.strictSame(keysOf(receipts), ['c', 'b', 'a'], 'those given are left as they are')
  t.end()
})

t.test('receipts are read back as they were written', (t) => {
  const receipt: fc.Arbitrary<Receipt> = fc.record(
    {
      key: fc.string({ unit: 'binary', minLength: 1 }),
      fingerprint: fc.string(),
      photoId: fc.uuid(),
      at: fc.nat(),
    },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(fc.array(receipt, { minLength: 1 }), (receipts) => {
      assert.deepEqual(decodeReceipts(encodeReceipts(receipts)), receipts)
    }),
  )
  t.end()
})

t.test('no receipts take no bytes', (t) => {
  t.equal(encodeReceipts([]), undefined)
  t.strictSame(decodeReceipts(undefined), [])
  t.end()
})

t.test('bytes that are not a list of receipts are refused', (t) => {
  const refused = [
    '',
    '{',
    '{}',
    'null',
    '[null]',
    '[{}]',
    '[{"key":"k","fingerprint":"f","photoId":"p","at":"1"}]',
  ]
  for (const text of refused) {
    t.throws(() => decodeReceipts(new TextEncoder().encode(text)), text)
  }
  t.throws(() => decodeReceipts(Uint8Array.of(0x22, 0xff, 0x22)), TypeError, 'not UTF-8')
  t.end()
})

t.test(
  'the fingerprint is the SHA-256 of the fields, base64url, whatever the order of the keys',
  async (t) => {
    const url = 'https://pictures.example/'
    // printf '["https://pictures.example/","d"]' | openssl dgst -sha256 -binary | basenc --base64url | tr -d =
    t.equal(await fingerprintOf({ url, description: 'd' }), 'FwxOliadyahczzfOc1mghznoktnIpQwBJCnNYmlP4jY')
    t.equal(await fingerprintOf({ description: 'd', url }), await fingerprintOf({ url, description: 'd' }))
  },
)

t.test('other fields give another fingerprint, also where their texts join to the same', async (t) => {
  const pairs = [
    ['a', 'b'],
    ['ab', ''],
    ['a","b', ''],
    ['b', 'a'],
    ['a', '\ud800'],
    ['a', '\ud801'],
  ] as const
  const all = await Promise.all(pairs.map(([url, description]) => fingerprintOf({ url, description })))
  t.equal(new Set(all).size, pairs.length)
})
