import t from 'tap'
import { KeyedQueue } from '../dist/keyed-queue.js'

interface Gate {
  readonly passed: Promise<void>
  open(): void
  fail(error: Error): void
}

function gate(): Gate {
  let open = (): void => {}
  let fail = (_error: Error): void => {}
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { passed, open: () => open(), fail: (error) => fail(error) }
}

/** A task that notes when it starts and ends, and ends when its gate opens. */
function noted(log: string[], name: string, { passed }: Gate): () => Promise<string> {
  return async () => {
    log.push(`${name} starts`)
    await passed
    log.push(`${name} ends`)
    return name
  }
}

t.test(
  'tasks of one key run one after another in the order they came, whichever could be quicker',
  async (t) => {
    const queue = new KeyedQueue()
    const log: string[] = []
    const gates = [gate(), gate(), gate()] as const
    const results = gates.map((it, i) => queue.run('key', noted(log, `task ${i}`, it)))
    t.equal(queue.length('key'), 3)
    gates[2].open()
    gates[1].open()
    gates[0].open()
    t.strictSame(await Promise.all(results), ['task 0', 'task 1', 'task 2'])
    t.strictSame(
      log,
      [0, 1, 2].flatMap((i) => [`task ${i} starts`, `task ${i} ends`]),
    )
  },
)

t.test('tasks of different keys do not wait for each other', async (t) => {
  const queue = new KeyedQueue()
  const log: string[] = []
  const [slow, quick] = [gate(), gate()]
  const first = queue.run('a', noted(log, 'slow', slow))
  const second = queue.run('b', noted(log, 'quick', quick))
  quick.open()
  t.equal(await second, 'quick')
  t.strictSame(log, ['slow starts', 'quick starts', 'quick ends'])
  slow.open()
  t.equal(await first, 'slow')
})

t.test('a task that fails rejects to its own caller, and the next one runs', async (t) => {
  const queue = new KeyedQueue()
  const log: string[] = []
  const [failing, next] = [gate(), gate()]
  const outcomes = Promise.allSettled([
    queue.run('key', noted(log, 'failing', failing)),
    queue.run('key', () => Promise.reject(new Error('the second fails at once'))),
    queue.run('key', noted(log, 'next', next)),
  ])
  failing.fail(new Error('the first fails'))
  next.open()
  const [first, second, third] = await outcomes
  t.match(first, { status: 'rejected', reason: { message: 'the first fails' } })
  t.match(second, { status: 'rejected', reason: { message: 'the second fails at once' } })
  t.match(third, { status: 'fulfilled', value: 'next' })
  t.strictSame(log, ['failing starts', 'next starts', 'next ends'])
})

t.test('a key whose tasks are done is forgotten: its next task starts at once', async (t) => {
  const queue = new KeyedQueue()
  await Promise.allSettled([
    queue.run('key', async () => 1),
    queue.run('key', () => Promise.reject(new Error('fails'))),
    queue.run('key', async () => 3),
  ])
  t.equal(queue.length('key'), 0)
  let started = false
  const last = queue.run('key', async () => {
    started = true
  })
  t.ok(started, 'before anything was awaited')
  t.equal(queue.length('key'), 1)
  await last
  t.equal(queue.length('key'), 0)
})

t.test('a task that comes while the last one is ending still waits its turn', async (t) => {
  const queue = new KeyedQueue()
  let running = 0
  let most = 0
  const task = async (): Promise<void> => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
  }
  const chain = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) await queue.run('key', task)
  }
  await Promise.all([chain(), chain(), chain()])
  t.equal(most, 1)
  t.equal(queue.length('key'), 0)
})
