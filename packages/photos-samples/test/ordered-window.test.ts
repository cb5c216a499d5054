import { OrderedWindow } from 'photos-samples'
import t from 'tap'

interface Task {
  readonly run: () => Promise<void>
  readonly finish: () => void
  readonly fail: (error: Error) => void
}

/** A task that ends when the test says so. */
function task(): Task {
  let finish = (): void => {}
  let fail = (_: Error): void => {}
  const ended = new Promise<void>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  return { run: () => ended, finish, fail }
}

/** Whether it resolves without anything else happening first. */
const resolvesNow = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))])

t.test(
  'a window is full when as many tasks run as it is wide, and has room when the oldest ends',
  async (t) => {
    const window = new OrderedWindow(2)
    const [first, second] = [task(), task()]
    t.notOk(window.full)
    window.start(first.run)
    t.notOk(window.full)
    window.start(second.run)
    t.ok(window.full)
    const room = window.room()
    t.notOk(await resolvesNow(room))
    first.finish()
    await room
    t.notOk(window.full)
    t.equal(window.finished, 1)
  },
)

t.test('no task starts more than the width ahead of the oldest that has not finished', async (t) => {
  const window = new OrderedWindow(2)
  const [first, second] = [task(), task()]
  window.start(first.run)
  window.start(second.run)
  second.finish()
  t.notOk(await resolvesNow(window.room()), 'only one runs, and it holds the window')
  t.equal(window.finished, 0)
  first.finish()
  await window.room()
  t.equal(window.finished, 2)
})

t.test('heavy tasks fill a window before it is full by their number', async (t) => {
  const window = new OrderedWindow(100, 10)
  const [light, heavy] = [task(), task()]
  window.start(light.run, 4)
  t.notOk(window.full)
  window.start(heavy.run, 6)
  t.ok(window.full)
  heavy.finish()
  await window.room()
  t.notOk(window.full, 'the weight of a finished task is free again, be it the oldest or not')
})

t.test('a window serves any number of tasks one after another', async (t) => {
  const window = new OrderedWindow(3)
  let running = 0
  let mostRunning = 0
  for (let started = 0; started < 1000; started++) {
    if (window.full) await window.room()
    window.start(async () => {
      mostRunning = Math.max(mostRunning, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
    })
  }
  await window.idle()
  t.equal(window.finished, 1000)
  t.equal(mostRunning, 3)
})

t.test(
  'the first failure is thrown to who waits for room, and nothing after it counts as finished',
  async (t) => {
    const window = new OrderedWindow(3)
    const tasks = [task(), task(), task()] as const
    for (const { run } of tasks) window.start(run)
    tasks[0].finish()
    tasks[2].finish()
    tasks[1].fail(new Error('no'))
    await t.rejects(window.idle(), { message: 'no' })
    await t.rejects(window.room(), { message: 'no' })
    t.ok(window.failed)
    t.equal(window.finished, 1)
  },
)

t.test('idle waits for every task, also after one has failed', async (t) => {
  const window = new OrderedWindow(2)
  const [bad, slow] = [task(), task()]
  window.start(bad.run)
  window.start(slow.run)
  const idle = window.idle()
  bad.fail(new Error('no'))
  t.notOk(await resolvesNow(idle.catch(() => undefined)))
  slow.finish()
  await t.rejects(idle, { message: 'no' })
})
