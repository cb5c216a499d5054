import { History } from 'photos-history'
import t from 'tap'

const bounds = { maxStalenessMs: 1000, maxMarkedStalenessMs: 61_000 }

const recordOf = (version: string, text = `v${version}`, stale = false) => ({
  version,
  photos: Buffer.from(version === '0' ? '[]' : text),
  stale,
})

function historyOf(...versions: readonly string[]): History {
  const history = new History(bounds)
  for (const version of versions) history.committed('w', version, `v${version}`)
  return history
}

t.test('a history without a fault has no violations', async (t) => {
  const history = historyOf('1', '2')
  history.end(history.begin('a', 'w', false, 0), recordOf('0'), 1)
  history.acknowledged('w', '1', 10, { replica: 'a' })
  history.end(history.begin('a', 'w', false, 11), recordOf('1'), 12)
  history.end(history.begin('b', 'w', false, 1009), recordOf('0'), 1010)
  history.end(history.begin('b', 'w', false, 1010), recordOf('2'), 1011)
  t.same(history.violations, [])
  t.equal(history.reads, 4)
})

t.test('each broken rule is a violation', async (t) => {
  const unwritten = historyOf('1')
  unwritten.end(unwritten.begin('a', 'w', false, 0), recordOf('1', 'v2'), 1)
  t.match(unwritten.violations, [/no one wrote/])

  const invented = historyOf('1')
  invented.end(invented.begin('a', 'w', false, 0), recordOf('5'), 1)
  t.match(invented.violations, [/no one wrote/])

  const falling = historyOf('1', '2')
  falling.end(falling.begin('a', 'w', false, 0), recordOf('2'), 1)
  falling.end(falling.begin('a', 'w', false, 2), recordOf('1'), 3)
  t.match(falling.violations, [/below what it had answered/])

  const ownWrite = historyOf('1')
  ownWrite.acknowledged('w', '1', 10, { replica: 'a' })
  ownWrite.end(ownWrite.begin('a', 'w', false, 11), recordOf('0'), 12)
  t.match(ownWrite.violations, [/below what it had answered or acknowledged/])

  const late = historyOf('1')
  late.acknowledged('w', '1', 10, { replica: 'a' })
  late.end(late.begin('b', 'w', false, 1010), recordOf('0'), 1011)
  t.match(late.violations, [/beyond the bound/])

  const fresh = historyOf('1')
  fresh.acknowledged('w', '1', 10, { replica: 'a' })
  fresh.end(fresh.begin('b', 'w', true, 11), recordOf('0'), 12)
  t.match(fresh.violations, [/fresh/])

  const stale = historyOf('1')
  stale.acknowledged('w', '1', 10, { replica: 'a' })
  stale.end(stale.begin('b', 'w', false, 50_000), recordOf('0', '', true), 50_001)
  t.same(stale.violations, [], 'marked stale, it may be older')
  stale.end(stale.begin('b', 'w', false, 61_010), recordOf('0', '', true), 61_011)
  t.match(stale.violations, [/too old/])
})

t.test('reads that overlap may have their answers in any order', async (t) => {
  const history = historyOf('1', '2')
  const early = history.begin('a', 'w', false, 0)
  const late = history.begin('a', 'w', false, 1)
  history.end(late, recordOf('2'), 2)
  history.end(early, recordOf('1'), 3)
  t.same(history.violations, [])
})
