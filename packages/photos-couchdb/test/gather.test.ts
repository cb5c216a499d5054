import fc from 'fast-check'
import t from 'tap'
import { Gather, type GatherOptions, type Outcome } from '../dist/gather.js'

/** A batch that was sent, to be answered when the test wants it. */
interface Sent {
  readonly items: readonly string[]
  readonly signal: AbortSignal
  readonly answer: (outcomes?: readonly Outcome<string>[]) => void
  readonly fail: (error: Error) => void
}

type Limits = Partial<Omit<GatherOptions<string, string>, 'send'>>

function gatherer(limits: Limits = {}) {
  const sent: Sent[] = []
  const gather = new Gather<string, string>({
    maxInFlight: 1,
    maxBatch: 100,
    maxWaiting: 1000,
    timeoutMs: 60_000,
    refusal: (item) => new Error(`${item} refused`),
    expiry: (item, left) => new Error(`${item} expired ${left ? 'under way' : 'waiting'}`),
    ...limits,
    send: (items, signal) =>
      new Promise((resolve, reject) => {
        const answer = (outcomes: readonly Outcome<string>[] = items.map(valueAt)) => resolve(outcomes)
        sent.push({ items, signal, answer, fail: reject })
      }),
  })
  const ask = (key: string, options: Partial<Parameters<typeof gather.ask>[2]> = {}) =>
    gather.ask(key, key, { join: 'any', ...options })
  /** The batch that was sent as the nth, from 0. */
  const batch = (index: number): Sent => {
    const found = sent[index]
    if (found === undefined) throw new Error(`only ${sent.length} batches were sent`)
    return found
  }
  return { gather, ask, sent, batch, items: () => sent.map(({ items }) => items.join(' ')) }
}

const valueAt = (item: string): Outcome<string> => ({ value: `${item}!` })
const outcomeOf = (work: Promise<string>): Promise<string> => work.catch((error: unknown) => String(error))
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('what arrives while there is room leaves at once, alone', async (t) => {
  const { ask, items, batch } = gatherer({ maxInFlight: 2 })
  const both = Promise.all([ask('a'), ask('b')])
  t.strictSame(items(), ['a', 'b'], 'in the same turn, and not together')
  batch(0).answer()
  batch(1).answer()
  t.strictSame(await both, ['a!', 'b!'])
})

t.test('what arrives meanwhile leaves together when there is room again, in order of arrival', async (t) => {
  const { ask, items, batch, gather } = gatherer({ maxInFlight: 2 })
  const asked = ['a', 'b', 'c', 'd', 'e'].map((key) => ask(key))
  t.strictSame(items(), ['a', 'b'])
  t.equal(gather.waiting, 3)
  batch(1).answer()
  await turn()
  t.strictSame(items(), ['a', 'b', 'c d e'])
  t.equal(gather.waiting, 0)
  batch(0).answer()
  batch(2).answer()
  t.strictSame(await Promise.all(asked), ['a!', 'b!', 'c!', 'd!', 'e!'])
})

t.test('beside a large batch only one that is as large leaves', async (t) => {
  const { ask, items, batch } = gatherer({ maxInFlight: 2, maxBatch: 3 })
  const asked = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((key) => ask(key))
  t.strictSame(items(), ['a', 'b'], 'beside a single one, another')
  batch(0).answer()
  batch(1).answer()
  await turn()
  t.strictSame(items(), ['a', 'b', 'c d e'], 'two wait, and three are under way')
  asked.push(ask('h'))
  t.strictSame(items(), ['a', 'b', 'c d e', 'f g h'])
  asked.push(ask('i'))
  batch(2).answer()
  await turn()
  t.equal(items().length, 4)
  batch(3).answer()
  await turn()
  t.strictSame(items().slice(4), ['i'], 'with none under way, whatever there is')
  batch(4).answer()
  t.equal((await Promise.all(asked)).length, 9)
})

t.test('a batch is capped in number, and the rest leave with the next', async (t) => {
  const { ask, items, batch } = gatherer({ maxBatch: 2 })
  const asked = ['a', 'b', 'c', 'd'].map((key) => ask(key))
  batch(0).answer()
  await turn()
  t.strictSame(items(), ['a', 'b c'])
  batch(1).answer()
  await turn()
  t.strictSame(items(), ['a', 'b c', 'd'])
  batch(2).answer()
  t.strictSame(await Promise.all(asked), ['a!', 'b!', 'c!', 'd!'])
})

t.test('a batch is capped in weight, and what is too heavy for any leaves alone', async (t) => {
  const { ask, items, batch } = gatherer({ maxBatchWeight: 5, weigh: ({ length }) => length })
  const keys = ['first', 'aa', 'bbb', 'c', 'much-too-heavy', 'd']
  const asked = keys.map((key) => ask(key))
  for (let i = 0; i < 5; i++) {
    batch(i).answer()
    await turn()
  }
  t.strictSame(items(), ['first', 'aa bbb', 'c', 'much-too-heavy', 'd'])
  t.strictSame(
    await Promise.all(asked),
    keys.map((key) => `${key}!`),
  )
})

t.test('a key that is on its way, or waits to leave, is joined', async (t) => {
  const { ask, items, batch } = gatherer()
  const asked = [ask('a'), ask('a'), ask('b'), ask('b')]
  t.strictSame(items(), ['a'])
  batch(0).answer()
  await turn()
  t.strictSame(items(), ['a', 'b'])
  batch(1).answer()
  t.strictSame(await Promise.all(asked), ['a!', 'a!', 'b!', 'b!'])
})

t.test('a key that has been answered is asked again', async (t) => {
  const { ask, items, batch } = gatherer()
  const first = ask('a')
  batch(0).answer()
  await first
  const second = ask('a')
  t.strictSame(items(), ['a', 'a'])
  batch(1).answer([{ value: 'newer' }])
  t.equal(await second, 'newer')
})

t.test('who may only join what waits never joins what has left', async (t) => {
  const { ask, items, batch } = gatherer()
  const left = ask('a')
  const fresh = [ask('a', { join: 'waiting' }), ask('a', { join: 'waiting' }), ask('a')]
  batch(0).answer([{ value: 'older' }])
  t.equal(await left, 'older')
  await turn()
  t.strictSame(items(), ['a', 'a'], 'both, and who may join any, share the one that waited')
  batch(1).answer([{ value: 'newer' }])
  t.strictSame(await Promise.all(fresh), ['newer', 'newer', 'newer'])
})

t.test('what was outdated on its way is no longer joined', async (t) => {
  const { gather, ask, items, batch } = gatherer()
  const older = ask('a')
  gather.outdate('a')
  const newer = ask('a')
  batch(0).answer([{ value: 'older' }])
  t.equal(await older, 'older', 'those that had joined it are answered all the same')
  await turn()
  t.strictSame(items(), ['a', 'a'])
  batch(1).answer([{ value: 'newer' }])
  t.equal(await newer, 'newer')
})

t.test('outdating leaves alone what has not left yet', async (t) => {
  const { gather, ask, items, batch } = gatherer()
  const blocking = ask('x')
  const waiting = ask('a')
  gather.outdate('a')
  const joined = ask('a')
  batch(0).answer()
  await turn()
  t.strictSame(items(), ['x', 'a'])
  batch(1).answer()
  t.strictSame(await Promise.all([blocking, waiting, joined]), ['x!', 'a!', 'a!'])
})

t.test('what joins nothing is asked each by itself, never twice in one batch, and in order', async (t) => {
  const { ask, items, batch } = gatherer()
  const asked = ['x', 'a', 'b', 'a', 'c', 'a'].map((key) => ask(key, { join: 'none' }))
  for (let i = 0; i < 4; i++) {
    batch(i).answer(batch(i).items.map((item) => ({ value: `${item}${i}` })))
    await turn()
  }
  t.strictSame(items(), ['x', 'a b c', 'a', 'a'])
  t.strictSame(await Promise.all(asked), ['x0', 'a1', 'b1', 'a2', 'c1', 'a3'])
})

t.test('one bad item fails only its own callers', async (t) => {
  const { ask, batch } = gatherer()
  const asked = ['x', 'a', 'b', 'b'].map((key) => outcomeOf(ask(key)))
  batch(0).answer()
  await turn()
  batch(1).answer([{ value: 'good' }, { error: new Error('bad') }])
  t.strictSame(await Promise.all(asked), ['x!', 'good', 'Error: bad', 'Error: bad'])
})

t.test('a failed batch fails only its own callers, and the next leaves', async (t) => {
  const { ask, batch, items } = gatherer({ maxBatch: 2 })
  const asked = ['x', 'a', 'b', 'c'].map((key) => outcomeOf(ask(key)))
  batch(0).answer()
  await turn()
  batch(1).fail(new Error('lost'))
  await turn()
  t.strictSame(items(), ['x', 'a b', 'c'])
  batch(2).answer()
  t.strictSame(await Promise.all(asked), ['x!', 'Error: lost', 'Error: lost', 'c!'])
})

t.test('an item that the answer leaves out fails', async (t) => {
  const { ask, batch } = gatherer()
  const asked = outcomeOf(ask('a'))
  batch(0).answer([])
  t.match(await asked, /without this item/)
})

t.test(
  'a caller that aborts has the reason of its signal, and leaves the others of its key alone',
  async (t) => {
    const { ask, batch } = gatherer()
    const controller = new AbortController()
    const leaving = outcomeOf(ask('a', { signal: controller.signal }))
    const staying = ask('a')
    controller.abort(new Error('gone'))
    t.equal(await leaving, 'Error: gone')
    t.notOk(batch(0).signal.aborted)
    batch(0).answer()
    t.equal(await staying, 'a!')
    t.equal(
      await outcomeOf(ask('b', { signal: controller.signal })),
      'Error: gone',
      'also when it had aborted already',
    )
  },
)

t.test('an item that nobody waits for any more does not leave', async (t) => {
  const { gather, ask, items, batch } = gatherer()
  const controller = new AbortController()
  const asked = ask('x')
  const leaving = ['a', 'a'].map((key) => outcomeOf(ask(key, { signal: controller.signal })))
  const staying = ask('b')
  controller.abort(new Error('gone'))
  t.equal(gather.waiting, 1)
  batch(0).answer()
  t.strictSame(await Promise.all(leaving), ['Error: gone', 'Error: gone'])
  await asked
  await turn()
  t.strictSame(items(), ['x', 'b'])
  batch(1).answer()
  t.equal(await staying, 'b!')
})

t.test(
  'a batch is aborted when the last of all its callers has left, and is not joined after that',
  async (t) => {
    const { ask, items, batch } = gatherer({ maxBatch: 2 })
    const blocking = ask('x')
    const controllers = [new AbortController(), new AbortController()]
    const [a, b] = ['a', 'b'].map((key, at) => outcomeOf(ask(key, { signal: controllers[at]?.signal })))
    batch(0).answer()
    await blocking
    await turn()
    controllers[0]?.abort(new Error('gone'))
    await a
    t.notOk(batch(1).signal.aborted, 'b is still waited for')
    controllers[1]?.abort(new Error('gone'))
    await b
    t.ok(batch(1).signal.aborted)
    const again = ask('a')
    batch(1).fail(new Error('aborted'))
    await turn()
    t.strictSame(items(), ['x', 'a b', 'a'])
    batch(2).answer()
    t.equal(await again, 'a!')
  },
)

t.test('one more than may wait is refused; to join is always possible', async (t) => {
  const { ask, batch } = gatherer({ maxWaiting: 2 })
  const asked = ['x', 'a', 'b', 'a', 'c'].map((key) => outcomeOf(ask(key)))
  t.equal(await asked[4], 'Error: c refused')
  batch(0).answer()
  await turn()
  batch(1).answer()
  t.strictSame(await Promise.all(asked.slice(0, 4)), ['x!', 'a!', 'b!', 'a!'])
})

t.test('nobody waits for longer than the time there is, and is told whether the item had left', async (t) => {
  const { ask, batch, items } = gatherer({ timeoutMs: 20 })
  const asked = ['x', 'a'].map((key) => outcomeOf(ask(key)))
  t.strictSame(await Promise.all(asked), ['Error: x expired under way', 'Error: a expired waiting'])
  t.ok(batch(0).signal.aborted)
  batch(0).answer()
  await turn()
  t.strictSame(items(), ['x'])
})

t.test('to fail is to fail every caller, and to abort what is under way', async (t) => {
  const { gather, ask, batch } = gatherer()
  const asked = ['x', 'a', 'a'].map((key) => outcomeOf(ask(key)))
  gather.fail(new Error('closed'))
  t.strictSame(await Promise.all(asked), ['Error: closed', 'Error: closed', 'Error: closed'])
  t.ok(batch(0).signal.aborted)
})

t.test('whatever is asked and answered in whatever order, the rules hold', async (t) => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(fc.constant('ask'), fc.nat(4), fc.constantFrom('any', 'waiting', 'none')),
    },
    { weight: 2, arbitrary: fc.tuple(fc.constant('answer'), fc.nat(3), fc.boolean()) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('abort'), fc.nat(20), fc.boolean()) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('outdate'), fc.nat(4), fc.boolean()) },
  )
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 4 }),
    fc.array(step, { maxLength: 60 }),
    async (maxInFlight, maxBatch, steps) => {
      const { gather, ask, sent } = gatherer({ maxInFlight, maxBatch })
      const open = new Set<Sent>()
      const callers: { readonly key: string; readonly controller: AbortController; ended?: string }[] = []
      const settled: Promise<unknown>[] = []
      let known = 0
      const note = () => {
        for (; known < sent.length; known++) {
          const batch = sent[known]
          if (batch === undefined) continue
          open.add(batch)
          if (batch.items.length > maxBatch) throw new Error('a batch is larger than its cap')
          if (new Set(batch.items).size < batch.items.length) throw new Error('a key is twice in a batch')
        }
        if (open.size > maxInFlight) throw new Error('more are under way than may be')
        const smallest = Math.min(...Array.from(open, ({ items }) => items.length))
        const enough = open.size === 0 ? 1 : smallest
        if (open.size < maxInFlight && gather.waiting >= enough)
          throw new Error('it waits though there is room')
      }
      const answer = async (batch: Sent, well: boolean) => {
        open.delete(batch)
        if (well) batch.answer()
        else batch.fail(new Error('lost'))
        await turn()
      }
      for (const [what, number, how] of steps) {
        if (what === 'ask') {
          const caller = { key: `k${number}`, controller: new AbortController(), ended: '' }
          callers.push(caller)
          const join = how as 'any' | 'waiting' | 'none'
          const work = ask(caller.key, { join, signal: caller.controller.signal })
          settled.push(outcomeOf(work).then((outcome) => (caller.ended += outcome)))
        } else if (what === 'answer') {
          const batch = [...open][number]
          if (batch !== undefined) await answer(batch, how === true)
        } else if (what === 'abort') callers[number]?.controller.abort(new Error('gone'))
        else gather.outdate(`k${number}`)
        note()
      }
      while (open.size > 0) {
        for (const batch of [...open]) await answer(batch, true)
        note()
      }
      await Promise.all(settled)
      return callers.every(({ key, ended }) =>
        [`${key}!`, 'Error: lost', 'Error: gone'].includes(ended ?? ''),
      )
    },
  )
  await fc.assert(property, { numRuns: 300 })
  t.pass('in 300 histories')
})
