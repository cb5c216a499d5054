import fc from 'fast-check'
import { compareVersions, encodePhotos, type WorkspaceRecord } from 'photos-domain'
import t from 'tap'
import { MemoryTier } from '../../dist/memory/memory-tier.js'
import { randomOf } from '../simulation/simulation.js'

const recordOf = (version: string, length = 100): WorkspaceRecord => ({
  version,
  photos: encodePhotos([{ id: 'p', url: 'https://pictures.example/p', description: 'x'.repeat(length) }]),
})

/** Puts a record as a read or a write does it. */
function put(tier: MemoryTier, workspaceId: string, record: WorkspaceRecord): void {
  const slot = tier.pin(workspaceId)
  tier.put(slot, record, 0, 1000)
  tier.unpin(slot)
}

/** What is answered after more hits than are counted. */
function hitOften(tier: MemoryTier, workspaceId: string): WorkspaceRecord | undefined {
  for (let hits = 0; hits < 4; hits++) tier.get(workspaceId)
  return tier.get(workspaceId)?.record
}

const textOf = ({ photos }: WorkspaceRecord): string => Buffer.from(photos).toString('latin1')

t.test('what is hit is the object that was kept, each time', async (t) => {
  const tier = new MemoryTier(100_000)
  put(tier, 'w', recordOf('1'))
  const record = tier.get('w')?.record
  t.equal(record?.version, '1')
  t.equal(record?.cacheStatus, 'photos; hit; detail=memory')
  t.equal(tier.get('w')?.record, record)
})

t.test('what is hit often gets the text of its bytes, and a newer record one of its own', async (t) => {
  const tier = new MemoryTier(1_000_000)
  put(tier, 'w', recordOf('1'))
  t.equal(hitOften(tier, 'w')?.photosText, textOf(recordOf('1')))
  put(tier, 'w', recordOf('2', 200))
  t.equal(hitOften(tier, 'w')?.photosText, textOf(recordOf('2', 200)))
})

t.test(
  'texts are within the bound: when they would be too many all go, and the wanted get theirs again',
  async (t) => {
    const tier = new MemoryTier(1_000_000)
    const ids = Array.from({ length: 500 }, (_, at) => `w${at}`)
    const records = ids.map((id) => {
      put(tier, id, recordOf('1'))
      const record = hitOften(tier, id)
      t.ok(tier.bytes <= 1_000_000)
      return record
    })
    t.ok(records.filter((record) => record?.photosText !== undefined).length < ids.length)
    t.equal(hitOften(tier, 'w0')?.photosText, textOf(recordOf('1')))
    const before = tier.bytes
    tier.raise('w0', '2')
    t.ok(tier.bytes < before - textOf(recordOf('1')).length, 'a text goes with its record')
    tier.close()
    t.equal(tier.bytes, 0)
  },
)

t.test('an older record never takes the place of a newer one', async (t) => {
  const tier = new MemoryTier(100_000)
  put(tier, 'w', recordOf('10'))
  put(tier, 'w', recordOf('9'))
  t.equal(tier.get('w')?.record?.version, '10')
  t.equal(tier.raise('w', '9'), false, 'that is no news')
  t.equal(tier.get('w')?.record?.version, '10')
})

t.test('a newer version leaves a marker, which an older record cannot pass', async (t) => {
  const tier = new MemoryTier(100_000)
  put(tier, 'w', recordOf('1'))
  t.equal(tier.raise('w', '3'), true)
  t.equal(tier.get('w')?.record, undefined)
  put(tier, 'w', recordOf('2'))
  t.equal(tier.get('w')?.record, undefined, 'below the marker')
  put(tier, 'w', recordOf('3'))
  t.equal(tier.get('w')?.record?.version, '3', 'at the marker')
})

t.test('a marker stays while a read is under way, however full the tier is', async (t) => {
  const tier = new MemoryTier(20_000, 20_000)
  const slot = tier.pin('w')
  t.equal(tier.raise('w', '2'), true)
  for (let at = 0; at < 200; at++) put(tier, `other-${at}`, recordOf('1'))
  tier.put(slot, recordOf('1'), 0, 1000)
  t.equal(tier.get('w')?.record, undefined)
  tier.unpin(slot)
  t.equal(tier.get('w'), undefined, 'and goes with the read')
})

t.test('of what was read before a suspicion the version counts: nothing below it is kept', async (t) => {
  const tier = new MemoryTier(100_000)
  const early = tier.pin('w')
  tier.suspect('w', 20)
  const late = tier.pin('w')
  tier.put(late, recordOf('1'), 21, 1000)
  t.equal(tier.get('w')?.record?.version, '1')
  tier.put(early, recordOf('2'), 10, 1000)
  t.equal(tier.get('w')?.record, undefined, 'the early read has answered 2, and there may be a 3')
  tier.put(late, recordOf('1'), 22, 1000)
  t.equal(tier.get('w')?.record, undefined)
})

t.test('a suspect record is forgotten, and so is what was read before the suspicion', async (t) => {
  const tier = new MemoryTier(100_000)
  const slot = tier.pin('w')
  tier.put(slot, recordOf('1'), 10, 1000)
  tier.suspect('w', 20)
  t.equal(tier.get('w')?.record, undefined)
  tier.put(slot, recordOf('1'), 15, 1000)
  t.equal(tier.get('w')?.record, undefined, 'read before')
  tier.put(slot, recordOf('1'), 21, 1000)
  t.equal(tier.get('w')?.record?.version, '1', 'read after')
})

t.test('a record that is a small part of a larger buffer does not keep that alive', async (t) => {
  const tier = new MemoryTier(10_000_000)
  const chunk = Buffer.alloc(65_536, '[]')
  put(tier, 'w', { version: '1', photos: chunk.subarray(0, 2), receipts: chunk.subarray(2, 4) })
  const record = tier.get('w')?.record
  t.equal(record?.photos.buffer.byteLength, 2)
  t.equal(record?.receipts?.buffer.byteLength, 2)
})

t.test('a record that would drive out many others is not kept', async (t) => {
  const tier = new MemoryTier(100_000)
  for (let at = 0; at < 20; at++) put(tier, `w${at}`, recordOf('1'))
  put(tier, 'large', recordOf('1', 10_000))
  t.equal(tier.get('large'), undefined)
  t.equal(tier.length, 20)
})

t.test('a closed tier is empty and takes nothing', async (t) => {
  const tier = new MemoryTier(100_000)
  put(tier, 'w', recordOf('1'))
  tier.close()
  put(tier, 'w', recordOf('2'))
  t.equal(tier.get('w'), undefined)
  t.equal(tier.bytes, 0)
})

t.test('the bytes are bounded and versions never fall, whatever is done', async (t) => {
  const step = fc.record({
    kind: fc.constantFrom('put', 'put', 'put', 'get', 'raise', 'suspect', 'pin', 'unpin'),
    key: fc.nat(40),
    version: fc.nat(12),
    length: fc.nat(900),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const maxBytes = 12_000
      const tier = new MemoryTier(maxBytes, maxBytes / 2)
      const seen = new Map<string, string>()
      const pinned = new Map<string, ReturnType<MemoryTier['pin']>>()
      for (const { kind, key, version, length } of steps) {
        const id = `w${key}`
        if (kind === 'put') put(tier, id, recordOf(`${version + 1}`, length))
        else if (kind === 'raise') tier.raise(id, `${version + 1}`)
        else if (kind === 'suspect') tier.suspect(id, -1)
        else if (kind === 'pin' && !pinned.has(id)) pinned.set(id, tier.pin(id))
        else if (kind === 'unpin') {
          const slot = pinned.get(id)
          if (slot !== undefined) tier.unpin(slot)
          pinned.delete(id)
        }
        const found = tier.get(id)
        if (tier.bytes > maxBytes) throw new Error(`${tier.bytes} bytes`)
        // A slot that is pinned is never forgotten, so its version never falls.
        if (found === undefined && pinned.has(id)) throw new Error('a pinned slot is gone')
        if (found !== undefined && pinned.has(id)) {
          if (compareVersions(found.version, seen.get(id) ?? '0') < 0) throw new Error('a version fell')
          seen.set(id, found.version)
        }
        if (!pinned.has(id)) seen.delete(id)
        if (found?.record !== undefined && found.record.version !== found.version) {
          throw new Error('a record is not at the version of its slot')
        }
      }
      for (const slot of pinned.values()) tier.unpin(slot)
      if (tier.length > 20) throw new Error('slots are left that nobody pins or keeps')
    }),
    { numRuns: 500 },
  )
  t.pass('in 500 sequences')
})

t.test('popular workspaces outlive a walk through all the others', async (t) => {
  const tier = new MemoryTier(200 * 1000)
  const popular = Array.from({ length: 40 }, (_, at) => `popular-${at}`)
  const readAll = () => {
    let hits = 0
    for (const id of popular) {
      if (tier.get(id)?.record === undefined) put(tier, id, recordOf('1'))
      else hits++
    }
    return hits
  }
  for (let round = 0; round < 5; round++) readAll()
  for (let at = 0; at < 5000; at++) put(tier, `walked-${at}`, recordOf('1'))
  t.equal(readAll(), popular.length)
})

t.test(
  'with few that are read often and many that are hardly ever, it hits more than the latest ones would',
  async (t) => {
    const WORKSPACES = 20_000
    const KEPT = 1000
    const weights = Array.from({ length: WORKSPACES }, (_, rank) => 1 / (rank + 1) ** 0.99)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    let sum = 0
    const upTo = weights.map((weight) => {
      sum += weight / total
      return sum
    })
    const random = randomOf(7)
    const pick = (): string => {
      const at = random()
      let low = 0
      let high = WORKSPACES - 1
      while (low < high) {
        const middle = (low + high) >> 1
        if ((upTo[middle] ?? 1) < at) low = middle + 1
        else high = middle
      }
      return `w${low}`
    }
    const record = recordOf('1')
    const sized = new MemoryTier(1_000_000)
    put(sized, 'w10000', record)
    const tier = new MemoryTier(sized.bytes * KEPT)
    const latest = new Map<string, true>()
    let hits = 0
    let hitsOfLatest = 0
    for (let read = 0; read < 200_000; read++) {
      const id = pick()
      if (tier.get(id)?.record !== undefined) hits++
      else put(tier, id, record)
      if (latest.delete(id)) hitsOfLatest++
      latest.set(id, true)
      const [oldest] = latest.keys()
      if (oldest !== undefined && latest.size > KEPT) latest.delete(oldest)
    }
    t.comment(
      `${((hits / 200_000) * 100).toFixed(1)} % of reads hit; of the latest ones, ${((hitsOfLatest / 200_000) * 100).toFixed(1)} %`,
    )
    t.ok(hits > hitsOfLatest * 1.04)
  },
)
