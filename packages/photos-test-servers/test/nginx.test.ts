import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type NginxServer, nginxDefaults, startNginx } from 'photos-test-servers'
import { type Test, test } from 'tap'

const TEMPLATES = fileURLToPath(new URL('../../../infra/nginx/templates/', import.meta.url))

test('a started NGINX passes requests to the replicas that it was given', async (t) => {
  const nginx = await start(t, [await replica(t, 'one')])
  t.equal(await (await fetch(`${nginx.url}/api/photos/workspace/acme`)).text(), 'one')
  t.equal((await fetch(`${nginx.statusUrl}/health/live`)).status, 200)
})

test('once a reload has resolved, every answer is from the new configuration', async (t) => {
  const nginx = await start(t, [await replica(t, 'one')])
  await nginx.reload({ EDGE_SERVERS: serversOf([await replica(t, 'two')]) })
  for (let i = 0; i < 20; i++) {
    const answer = await fetch(`${nginx.url}/api/photos/workspace/acme`, { headers: { connection: 'close' } })
    t.equal(await answer.text(), 'two')
  }
})

test('a reload with a wrong configuration rejects with what is wrong, and the old one goes on', async (t) => {
  const nginx = await start(t, [await replica(t, 'one')])
  await t.rejects(nginx.reload({ EDGE_BODY_LIMIT: 'large' }), { message: /client_max_body_size/ })
  await t.rejects(nginx.reload({ EDGE_NONSENSE: '1' }), { message: /does not list EDGE_NONSENSE/ })
  t.equal(await (await fetch(`${nginx.url}/api/photos/workspace/acme`)).text(), 'one')
})

test('a closed NGINX leaves no process and no files, closed twice or once', async (t) => {
  const nginx = await start(t, [await replica(t, 'one')])
  const { accessLog, pid } = nginx
  t.ok(existsSync(accessLog))
  await nginx.close()
  await nginx.close()
  t.notOk(existsSync(accessLog))
  await t.rejects(fetch(`${nginx.url}/api/photos/workspace/acme`))
  t.throws(() => process.kill(-(pid ?? 0), 0), { code: 'ESRCH' })
})

test('an NGINX that cannot start rejects with what it said', async (t) => {
  await t.rejects(startNginx({ variables: { EDGE_SERVERS: 'nonsense;' } }), {
    message: /unknown directive "nonsense"/,
  })
})

test('every variable that is listed is used by a template, and none other is', async (t) => {
  const names = (await readdir(TEMPLATES, { recursive: true })).filter((name) => name.endsWith('.template'))
  const texts = await Promise.all(names.map((name) => readFile(join(TEMPLATES, name), 'utf8')))
  const used = texts.flatMap((text) => [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name))
  t.same([...new Set(used)].sort(), Object.keys(await nginxDefaults()).sort())
})

async function start(t: Test, ports: readonly number[]): Promise<NginxServer> {
  const nginx = await startNginx({ variables: { EDGE_SERVERS: serversOf(ports) } })
  t.teardown(() => nginx.close())
  return nginx
}

const serversOf = (ports: readonly number[]): string =>
  ports.map((port) => `server 127.0.0.1:${port};`).join(' ')

/** A server that answers everything with its name. */
async function replica(t: Test, name: string): Promise<number> {
  const server = createServer((_request, response) => response.end(name)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => close(server))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return address.port
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}
