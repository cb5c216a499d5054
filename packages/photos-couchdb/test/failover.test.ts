import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { encodePhotos, isPhotosError, NEVER_WRITTEN, type Version } from 'photos-domain'
import t, { type Test } from 'tap'
import { couchdbOf, databaseOf, repositoryOf } from './test-database.js'

const couchdb = await couchdbOf(t)

/** A process in front of a node, for which it stands: when it is killed, so is the node for those who know only it. */
async function standIn(t: Test, target: URL, port = 0) {
  const script = fileURLToPath(new URL('proxy-process.js', import.meta.url))
  const child = spawn(process.execPath, [script, target.hostname, target.port, String(port)])
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  t.teardown(kill)
  for await (const line of createInterface(child.stdout)) return { port: Number(line), kill }
  throw new Error('it ended before it served')
}

/** A database behind three nodes that are really killed. */
async function threeNodes(t: Test) {
  const database = await databaseOf(t, couchdb)
  const targets = [0, 1, 2].map((at) => new URL(database.urls[at % database.urls.length] ?? ''))
  const nodes = await Promise.all(targets.map((target) => standIn(t, target)))
  const urls = targets.map((target, at) => {
    const url = new URL(target)
    url.host = `127.0.0.1:${nodes[at]?.port}`
    return url.href
  })
  const restart = (at: number) => standIn(t, targets[at] ?? new URL('http://x'), nodes[at]?.port)
  return { database, urls, nodes, restart }
}

const contentOf = (text: string) => ({
  photos: encodePhotos([{ id: 'p', url: 'https://x.example', description: text }]),
})

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}

t.test('killing one node of three under load fails no read and loses no acknowledged write', async (t) => {
  const { database, urls, nodes, restart } = await threeNodes(t)
  const repository = repositoryOf(
    t,
    { ...database, urls },
    { upIntervalMs: 200, writeTimeoutMs: 30_000, readTimeoutMs: 30_000 },
  )
  const ids = Array.from({ length: 40 }, (_, i) => `w${i}`)
  const latest = new Map<string, Version>()
  for (const id of ids) latest.set(id, await repository.write(id, contentOf('0'), NEVER_WRITTEN))
  const readErrors: unknown[] = []
  const writeErrors: unknown[] = []
  const acknowledged = new Map<string, { readonly version: Version; readonly text: string }>()
  /** Workspaces with a write of unknown outcome: it may take effect after the next read, and the write after that conflicts. */
  const doubtful = new Set<string>()
  let reads = 0
  let isOver = false
  const readers = Array.from({ length: 16 }, async (_, at) => {
    for (let i = at; !isOver; i++) {
      await repository.read(ids[i % ids.length] ?? '').then(
        () => reads++,
        (error: unknown) => readErrors.push(error),
      )
    }
  })
  // Each writer has workspaces of its own, so that it knows what they must hold.
  const writers = Array.from({ length: 8 }, async (_, at) => {
    for (let i = 0; !isOver; i++) {
      const id = ids[(at * 5 + (i % 5)) % ids.length] ?? ''
      const text = `${at} ${i}`
      try {
        const version = await repository.write(id, contentOf(text), latest.get(id) ?? NEVER_WRITTEN)
        latest.set(id, version)
        acknowledged.set(id, { version, text })
        doubtful.delete(id)
      } catch (error) {
        if (!(doubtful.has(id) && isPhotosError(error, 'VERSION_CONFLICT'))) writeErrors.push(error)
        // What became of it is not known: it goes on from what there is.
        acknowledged.delete(id)
        doubtful.add(id)
        latest.set(id, (await repository.read(id, { fresh: true })).version)
      }
    }
  })
  for (const at of [0, 2, 1]) {
    await until(
      () => repository.metrics.nodes[at]?.isUp === true && (repository.metrics.nodes[at]?.inFlight ?? 0) > 0,
    )
    await nodes[at]?.kill()
    const before = reads
    await until(() => reads > before + 200 && repository.metrics.nodes[at]?.isUp === false)
    const revived = await restart(at)
    nodes[at] = revived
    await until(() => repository.metrics.nodes[at]?.isUp === true)
  }
  isOver = true
  await Promise.all([...readers, ...writers])
  t.strictSame(readErrors, [], `of ${reads} reads none failed`)
  t.ok(
    writeErrors.every((error) => isPhotosError(error, 'WRITE_OUTCOME_UNKNOWN')),
    `${writeErrors.length} writes were under way to the node that was killed`,
  )
  t.ok(acknowledged.size > 20)
  const fresh = repositoryOf(t, database)
  for (const [id, { version, text }] of acknowledged) {
    const record = await fresh.read(id)
    t.equal(record.version, version, id)
    t.strictSame(Buffer.from(record.photos), Buffer.from(contentOf(text).photos))
  }
})

t.test('with every node killed it is an outage, and with one back it is over', async (t) => {
  const { database, urls, nodes, restart } = await threeNodes(t)
  const repository = repositoryOf(t, { ...database, urls }, { graceMs: 100 })
  const version = await repository.write('w', contentOf('x'), NEVER_WRITTEN)
  await Promise.all(nodes.map(({ kill }) => kill()))
  const error = await repository.read('w').catch((error: unknown) => error)
  t.ok(isPhotosError(error, 'REPOSITORY_UNAVAILABLE'))
  await restart(1)
  await until(() => repository.metrics.nodes[1]?.isUp === true)
  t.equal((await repository.read('w')).version, version)
})
