/*
 * Makes CouchDB ready for the service, once: waits for its nodes, joins them to a cluster where there are several
 * (https://docs.couchdb.org/en/stable/setup/cluster.html#the-cluster-setup-api), and has `photos couchdb init` make the database and the
 * account. What is there already stays, so it may be run again.
 *
 * COUCHDB_NODES: host names, comma-separated; the first one coordinates. COUCHDB_PORT: default 5984. COUCHDB_ADMIN_PASSWORD: of `admin` at every
 * node. COUCHDB_MEMBER_PASSWORD: what the service's account gets. PHOTOS_CLI: file of the `photos` command.
 */
import { spawnSync } from 'node:child_process'

const { COUCHDB_NODES = '', COUCHDB_PORT = '5984', COUCHDB_ADMIN_PASSWORD = '', PHOTOS_CLI } = process.env
const WAIT_MS = 120_000
const RETRY_MS = 500

const nodes = COUCHDB_NODES.split(',').filter((node) => node !== '')
const [coordinator] = nodes
if (coordinator === undefined || COUCHDB_ADMIN_PASSWORD === '')
  throw new Error('COUCHDB_NODES and COUCHDB_ADMIN_PASSWORD must be set')
const authorization = `Basic ${Buffer.from(`admin:${COUCHDB_ADMIN_PASSWORD}`).toString('base64')}`

await Promise.all(nodes.map((node) => until(`${node} answers`, () => ask(node, 'GET', '/'))))
if (nodes.length > 1) await joinNodes()
initDatabase()

/** Adds the others to the first one's cluster, and finishes it. */
async function joinNodes() {
  const { state } = await ask(coordinator, 'GET', '/_cluster_setup')
  if (state !== 'cluster_finished') {
    for (const host of nodes.slice(1)) {
      const node = { host, port: Number(COUCHDB_PORT), username: 'admin', password: COUCHDB_ADMIN_PASSWORD }
      // 409: an earlier run has added it.
      await ask(coordinator, 'POST', '/_cluster_setup', { action: 'add_node', ...node }, [409])
    }
    await ask(coordinator, 'POST', '/_cluster_setup', { action: 'finish_cluster' })
  }
  await until(`all ${nodes.length} nodes are members`, async () => {
    const { all_nodes: connected, cluster_nodes: known } = await ask(coordinator, 'GET', '/_membership')
    if (connected.length !== nodes.length || known.length !== nodes.length)
      throw new Error(`connected: ${connected.join(', ')}; known: ${known.join(', ')}`)
  })
  console.log(`cluster of ${nodes.join(', ')}: joined`)
}

function initDatabase() {
  const url = `http://admin:${encodeURIComponent(COUCHDB_ADMIN_PASSWORD)}@${coordinator}:${COUCHDB_PORT}/photos`
  const args = [PHOTOS_CLI ?? '/app/dist/main.js', 'couchdb', 'init', url]
  const { status, error } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (error !== undefined) throw error
  process.exitCode = status ?? 1
}

/** @throws Error with CouchDB's own reason, if it answers an error that is not expected */
async function ask(node, method, path, body, expected = []) {
  const answer = await fetch(`http://${node}:${COUCHDB_PORT}${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  })
  const text = await answer.text()
  if (!answer.ok && !expected.includes(answer.status))
    throw new Error(`${method} ${path} at ${node} answered ${answer.status}: ${text}`)
  return JSON.parse(text)
}

async function until(what, attempt) {
  const deadline = Date.now() + WAIT_MS
  for (;;) {
    try {
      await attempt()
      return
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}
