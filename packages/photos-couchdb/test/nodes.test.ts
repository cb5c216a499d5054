import t, { type Test } from 'tap'
import { addressOf } from '../dist/addresses.js'
import { RequestFailure } from '../dist/failure.js'
import type { Node } from '../dist/node.js'
import { Nodes, type NodesOptions } from '../dist/nodes.js'
import { type Behaviour, ChaosServer, hang, hangUp, inTurn, json } from './chaos-server.js'

const OPTIONS: NodesOptions = {
  connectTimeoutMs: 1000,
  upTimeoutMs: 1000,
  upIntervalMs: 60_000,
  probeDelayMs: { first: 5, longest: 20 },
  graceMs: 5000,
  backoffMs: { first: 1, longest: 5 },
}

async function open(t: Test, behaviours: readonly Behaviour[], options: Partial<NodesOptions> = {}) {
  const servers = await Promise.all(behaviours.map((behaviour) => ChaosServer.open(t, behaviour)))
  const addresses = servers.map(({ url }) => addressOf(`${url}/db`))
  const nodes = new Nodes(addresses, { ...OPTIONS, ...options })
  t.teardown(() => nodes.close())
  return { servers, nodes, counts: () => servers.map(({ requests }) => requests.length) }
}

const well = json(200, {})
const ask = (node: Node) => node.ask({ path: 'x', timeoutMs: 5000 })
const kindOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no failure',
    (error: unknown) => (error instanceof RequestFailure ? error.kind : String(error)),
  )

/** Asks until it is so. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 2))
}

t.test('work goes to the node that has least of it, and in turn where all have as much', async (t) => {
  const { nodes, counts } = await open(t, [well, well, well])
  for (let i = 0; i < 6; i++) await nodes.run(ask)
  t.strictSame(counts(), [2, 2, 2])
  const given: string[] = []
  const release: (() => void)[] = []
  const hold = (work: number) =>
    nodes.run(
      (node) => {
        given.push(node.address.origin)
        return new Promise<void>((resolve) => release.push(resolve))
      },
      { work },
    )
  const held = [hold(10), hold(4), hold(1), hold(1), hold(1), hold(1)]
  t.equal(new Set(given.slice(0, 3)).size, 3, 'each has something')
  t.strictSame(given.slice(3), [given[2], given[2], given[2]], 'and then the one with the least')
  for (const let_go of release) let_go()
  await Promise.all(held)
  t.strictSame(
    nodes.metrics.map(({ inFlight }) => inFlight),
    [0, 0, 0],
  )
})

t.test(
  'work with a home goes there from every process, and to the next home while it does not serve',
  async (t) => {
    const servers = await Promise.all([well, well, well].map((behaviour) => ChaosServer.open(t, behaviour)))
    const addresses = servers.map(({ url }) => addressOf(`${url}/db`))
    const processes = [addresses, addresses.toReversed()].map((each) => new Nodes(each, OPTIONS))
    t.teardown(() => Promise.all(processes.map((nodes) => nodes.close())))
    const counts = () => servers.map(({ requests }) => requests.length)
    const homes = new Map<number, number>()
    for (let i = 0; i < 300; i++) {
      const [here = -1, there] = processes.map((nodes) => nodes.homeOf(`workspace-${i}`))
      if (here !== there) t.fail('they do not agree')
      homes.set(here, (homes.get(here) ?? 0) + 1)
    }
    t.strictSame([...homes.keys()].sort(), [0, 1, 2])
    t.ok(Math.min(...homes.values()) > 60, 'each node is home to as many, nearly')

    for (const nodes of processes) for (let i = 0; i < 4; i++) await nodes.run(ask, { home: 1 })
    t.strictSame(
      counts().toSorted((a, b) => a - b),
      [0, 0, 8],
    )
    const home = counts().indexOf(8)
    const server = servers[home]
    if (server === undefined) throw new Error('no server')
    server.behaviour = hangUp
    server.isUp = false
    for (const nodes of processes) for (let i = 0; i < 4; i++) await nodes.run(ask, { home: 1 })
    t.strictSame(
      counts().toSorted((a, b) => a - b),
      [0, 8, 10],
      'each found out once, and all went to the same other one',
    )
    server.behaviour = well
    server.isUp = true
    await until(() => processes.every(({ metrics }) => metrics.every(({ isUp }) => isUp)))
    for (const nodes of processes) await nodes.run(ask, { home: 1 })
    t.equal(counts()[home], 12)
  },
)

t.test('what fails in passing is tried at once on each other node', async (t) => {
  for (const [what, behaviour] of Object.entries({
    'a connection that breaks': hangUp,
    'an answer that is no JSON': (_, response) => void response.end('<html>'),
    'a 500': json(500, {}),
    'a 503': json(503, {}),
    'a 429': json(429, {}),
  } satisfies Record<string, Behaviour>)) {
    const { nodes, counts } = await open(t, [behaviour, behaviour, well])
    for (let i = 0; i < 3; i++) t.equal(await kindOf(nodes.run(ask)), 'no failure', what)
    t.ok(
      counts().every((count) => count <= 3),
      `${what}: no node is tried twice for one request`,
    )
  }
})

t.test('what is no fault of the node is not tried again', async (t) => {
  for (const [status, kind] of Object.entries({
    400: 'rejected',
    401: 'credentials',
    403: 'credentials',
    404: 'missing',
  })) {
    const { nodes, counts } = await open(t, [json(Number(status), {}), json(Number(status), {})])
    t.equal(await kindOf(nodes.run(ask)), kind, status)
    t.equal(counts()[0] === 1 || counts()[1] === 1, true)
    t.equal((counts()[0] ?? 0) + (counts()[1] ?? 0), 1, `${status}: once`)
    t.ok(nodes.metrics.every(({ isUp }) => isUp))
  }
})

t.test('what may not be tried again is not, and attempts are bounded', async (t) => {
  const { nodes, counts } = await open(t, [json(503, {}), json(503, {})])
  t.equal(await kindOf(nodes.run(ask, { mayRetry: () => false })), 'failed')
  t.equal(
    counts().reduce((a, b) => a + b),
    1,
  )
  t.equal(await kindOf(nodes.run(ask)), 'failed')
  t.equal(
    counts().reduce((a, b) => a + b),
    1 + 4,
    'two more than there are nodes',
  )
})

t.test('a node that fails is left, and taken back when it serves again', async (t) => {
  const { nodes, servers, counts } = await open(t, [hangUp, well])
  const [bad] = servers
  if (bad === undefined) throw new Error('no server')
  bad.isUp = false
  for (let i = 0; i < 10; i++) t.equal(await kindOf(nodes.run(ask)), 'no failure')
  t.equal(counts()[0], 1, 'one request was enough')
  t.equal(nodes.metrics[0]?.isUp, false)
  bad.behaviour = well
  await until(() => bad.upRequests > 3)
  t.equal(nodes.metrics[0]?.isUp, false, 'while it is in maintenance it is not')
  bad.isUp = true
  await until(() => nodes.metrics[0]?.isUp === true)
  for (let i = 0; i < 4; i++) await nodes.run(ask)
  t.equal(counts()[0], 3)
})

t.test('a node that goes into maintenance is left without a failure', async (t) => {
  const { nodes, servers, counts } = await open(t, [well, well], { upIntervalMs: 5 })
  const [first] = servers
  if (first === undefined) throw new Error('no server')
  first.isUp = false
  await until(() => nodes.metrics[0]?.isUp === false)
  for (let i = 0; i < 6; i++) await nodes.run(ask)
  t.strictSame(counts(), [0, 6])
})

t.test('the only node is asked for nothing but what it is wanted for, as long as it serves', async (t) => {
  const { nodes, servers } = await open(t, [well], { upIntervalMs: 1 })
  for (let i = 0; i < 20; i++) await nodes.run(ask)
  t.equal(servers[0]?.upRequests, 0)
})

t.test('a connection that breaks once costs the only node nothing', async (t) => {
  const { nodes, counts } = await open(t, [inTurn(hangUp, well)])
  t.equal(await kindOf(nodes.run(ask)), 'no failure')
  t.strictSame(counts(), [2])
  t.equal(nodes.retries, 1)
})

t.test('when no node serves, requests wait for one', async (t) => {
  const { nodes, servers } = await open(t, [hangUp])
  const [only] = servers
  if (only === undefined) throw new Error('no server')
  only.isUp = false
  const waiting = nodes.run(ask)
  await until(() => only.upRequests > 2)
  only.behaviour = well
  only.isUp = true
  t.equal(await kindOf(waiting), 'no failure')
})

t.test('when none serves for longer than they may wait, all fail at once', async (t) => {
  const { nodes, servers } = await open(t, [hangUp, hangUp], { graceMs: 30 })
  for (const server of servers) server.isUp = false
  t.equal(await kindOf(nodes.run(ask)), 'unreachable')
  const asked = servers.map(({ requests }) => requests.length)
  t.equal(await kindOf(nodes.run(ask)), 'unreachable')
  t.strictSame(
    servers.map(({ requests }) => requests.length),
    asked,
    'without a request',
  )
})

t.test('who waits can be aborted', async (t) => {
  const { nodes, servers } = await open(t, [hangUp])
  const [only] = servers
  if (only === undefined) throw new Error('no server')
  only.isUp = false
  const controller = new AbortController()
  const waiting = nodes.run(ask, { signal: controller.signal })
  await until(() => only.upRequests > 1)
  controller.abort()
  t.equal(await kindOf(waiting), 'aborted')
})

t.test('closing ends what waits and what is under way', async (t) => {
  const { nodes, servers } = await open(t, [hang])
  const underWay = kindOf(nodes.run(ask, { mayRetry: () => false }))
  await until(() => (servers[0]?.requests.length ?? 0) > 0)
  await nodes.close()
  t.equal(await underWay, 'broken')
  t.equal(await kindOf(nodes.run(ask, { mayRetry: () => false })), 'unreachable')
})
