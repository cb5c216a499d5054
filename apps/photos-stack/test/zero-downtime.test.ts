import { join } from 'node:path'
import { type Test, test } from 'tap'
import { Stack, type StackStatus } from '../dist/stack.js'
import { delay, send, workspacePath } from './helpers/client.js'
import { FIRST_PORT, temporaryDirectory } from './helpers/edge.js'
import { Load } from './helpers/load.js'

test('no GET fails and no acknowledged write is lost', { timeout: 170_000 }, async (t) => {
  const { stack, load } = await startUnderLoad(t, 3)

  await underLoad(t, load, 'while every replica is started anew, one at a time', async () => {
    const before = pidsOf(await stack.status())
    await stack.roll(() => undefined)
    const after = pidsOf(await stack.status())
    t.equal(new Set([...before, ...after]).size, 6, 'every process is a new one')
  })

  await underLoad(t, load, 'when a replica is killed', async () => {
    const [victim] = (await stack.status()).replicas
    process.kill(victim?.pid ?? 0, 'SIGKILL')
    await untilStatus(stack, ({ replicas }) => replicas[0]?.pid !== victim?.pid && replicas.every(isReady))
  })

  await underLoad(t, load, 'while NGINX loads its configuration anew', () => stack.reload())

  await underLoad(t, load, 'while a replica is added', async () => {
    await stack.scale(4)
    t.equal((await stack.status()).replicas.filter(isReady).length, 4)
  })

  await underLoad(t, load, 'while replicas are taken away', async () => {
    await stack.scale(2)
    t.equal((await stack.status()).replicas.filter(isReady).length, 2)
  })

  await load.stop()
  for (const { port } of (await stack.status()).replicas) {
    let missing = 0
    for (const [workspaceId, descriptions] of load.acknowledged) {
      const { text } = await send(`http://127.0.0.1:${port}${workspacePath(workspaceId)}`)
      missing += descriptions.filter((description) => !text.includes(description)).length
    }
    t.equal(missing, 0, `all of ${load.writes} acknowledged photos are there, asked of port ${port}`)
  }
})

test('a single replica is started anew without a failed GET', async (t) => {
  const { stack, load } = await startUnderLoad(t, 1)
  await underLoad(t, load, 'with a second replica that is there meanwhile', () => stack.roll(() => undefined))
  t.equal((await stack.status()).replicas.length, 1)
})

async function startUnderLoad(t: Test, replicas: number): Promise<{ stack: Stack; load: Load }> {
  const directory = await temporaryDirectory(t)
  const stack = await Stack.start({
    port: FIRST_PORT + 9,
    replicas,
    firstReplicaPort: FIRST_PORT,
    edge: { EDGE_REQUESTS_PER_SECOND: '100000', EDGE_CONNECTIONS_PER_CLIENT: '10000' },
    env: { NODE_ENV: 'production', COUCHDB_URL: '', PHOTOS_DATA_DIR: join(directory, 'data') },
    log: () => undefined,
  })
  t.teardown(() => stack.close())
  const load = new Load(stack.url)
  t.teardown(() => load.stop())
  return { stack, load }
}

/** Does something amid requests, and says whether they were all answered. */
async function underLoad(t: Test, load: Load, what: string, act: () => Promise<void>): Promise<void> {
  await load.untilMore(100, 10)
  const reads = load.reads
  await act()
  await load.untilMore(100, 10)
  t.same(load.failedGets, [], `${what} (${load.reads - reads} GETs)`)
}

const isReady = ({ ready }: { readonly ready: boolean }): boolean => ready
const pidsOf = ({ replicas }: StackStatus) => replicas.map(({ pid }) => pid)

async function untilStatus(stack: Stack, isSo: (status: StackStatus) => boolean): Promise<void> {
  while (!isSo(await stack.status())) await delay(50)
}
