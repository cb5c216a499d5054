import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Test, test } from 'tap'
import { temporaryDirectory } from './helpers/edge.js'
import { INFRA } from './helpers/infra.js'

// Machines of their own on one port: the loopback network has many addresses.
const NODES = ['127.0.0.1', '127.0.0.2', '127.0.0.3']

test('three nodes are joined by the first one, and then have the database made; again, nothing is left to do', async (t) => {
  const cluster = await startCluster(t)
  const first = await init(t, cluster.port, NODES)
  t.same(cluster.members, NODES)
  t.ok(cluster.finished)
  t.match(first, 'cluster of 127.0.0.1, 127.0.0.2, 127.0.0.3: joined')
  t.match(first, `photos couchdb init http://admin:s%40cret@127.0.0.1:${cluster.port}/photos`)
  const { changes } = cluster
  t.match(await init(t, cluster.port, NODES), 'joined')
  t.equal(cluster.changes, changes)
})

test('a join that broke off is gone on with', async (t) => {
  const cluster = await startCluster(t)
  cluster.members.push('127.0.0.2')
  await init(t, cluster.port, NODES)
  t.same(cluster.members, ['127.0.0.1', '127.0.0.2', '127.0.0.3'])
  t.ok(cluster.finished)
})

test('a single node is joined to nothing', async (t) => {
  const cluster = await startCluster(t)
  t.match(await init(t, cluster.port, ['127.0.0.1']), 'photos couchdb init')
  t.equal(cluster.changes, 0)
})

test('what CouchDB refuses, and what the command refuses, ends with its reason and not with 0', async (t) => {
  const cluster = await startCluster(t)
  cluster.refuses = true
  await t.rejects(init(t, cluster.port, NODES), { code: 1, stderr: /answered 500: .*no cookie/ })
  cluster.refuses = false
  await t.rejects(init(t, cluster.port, NODES, 'process.exitCode = 3'), { code: 3 })
  await t.rejects(init(t, cluster.port, []), { code: 1, stderr: /COUCHDB_NODES/ })
})

/** Runs infra/docker/couchdb-init.mjs with a stand-in for the `photos` command; resolves to its output. */
async function init(t: Test, port: number, nodes: readonly string[], cli?: string): Promise<string> {
  const command = join(await temporaryDirectory(t), 'photos.mjs')
  await writeFile(command, cli ?? "console.log('photos', ...process.argv.slice(2))")
  const { stdout } = await promisify(execFile)(process.execPath, [join(INFRA, 'docker/couchdb-init.mjs')], {
    env: {
      COUCHDB_NODES: nodes.join(','),
      COUCHDB_PORT: `${port}`,
      COUCHDB_ADMIN_PASSWORD: 's@cret',
      PHOTOS_CLI: command,
    },
  })
  return stdout
}

/** Three servers with what https://docs.couchdb.org/en/stable/api/server/common.html#cluster-setup says of the first one. */
async function startCluster(t: Test) {
  const cluster = { port: 0, members: [...NODES.slice(0, 1)], finished: false, changes: 0, refuses: false }
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const send = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body))
    if (request.headers.authorization !== `Basic ${Buffer.from('admin:s@cret').toString('base64')}`)
      return send(401, { error: 'unauthorized' })
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (request.url === '/_membership')
      return send(200, { all_nodes: cluster.members, cluster_nodes: cluster.members })
    if (request.url !== '/_cluster_setup') return send(200, { couchdb: 'Welcome' })
    if (request.method === 'GET')
      return send(200, { state: cluster.finished ? 'cluster_finished' : 'cluster_enabled' })
    if (cluster.refuses) return send(500, { error: 'setup_error', reason: 'no cookie' })
    cluster.changes++
    const { action, host } = JSON.parse(Buffer.concat(chunks).toString()) as { action: string; host: string }
    if (action === 'finish_cluster') cluster.finished = true
    else if (cluster.members.includes(host)) return send(409, { error: 'conflict' })
    else cluster.members.push(host)
    return send(201, { ok: true })
  }
  for (const host of NODES) {
    const server = createServer((request, response) => {
      answer(request, response).catch(() => response.destroy())
    })
    server.listen(cluster.port, host)
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new TypeError('no port')
    cluster.port = address.port
    t.teardown(() => server.close())
  }
  return cluster
}
