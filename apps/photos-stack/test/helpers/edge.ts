import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NginxServer, type NginxVariables, nginxServers, startNginx } from 'photos-test-servers'
import type { Test } from 'tap'
import { unusedPort } from '../../dist/ports.js'
import { Replica } from '../../dist/replica.js'

/** Apart from where a stack looks, and different in tests that run at once. */
export const FIRST_PORT = 20_000 + (process.pid % 1000) * 10

/** Limits that no test meets by accident. */
const WIDE: NginxVariables = { EDGE_REQUESTS_PER_SECOND: '100000', EDGE_CONNECTIONS_PER_CLIENT: '10000' }

/** An empty directory that goes with the test. */
export async function temporaryDirectory(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'photos-stack-test-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Real processes of the service over one embedded store. */
export async function startReplicas(t: Test, count: number): Promise<Replica[]> {
  const directory = await temporaryDirectory(t)
  const env = {
    NODE_ENV: 'production',
    LOG_LEVEL: 'warn',
    TRUST_PROXY: '127.0.0.1',
    COUCHDB_URL: '',
    PHOTOS_DATA_DIR: join(directory, 'data'),
  }
  const replicas: Replica[] = []
  const ports = new Set<number>()
  for (let i = 0; i < count; i++) {
    const port = await unusedPort(FIRST_PORT, ports)
    ports.add(port)
    const replica = new Replica({ port, env, logFile: join(directory, `${port}.log`) })
    t.teardown(() => replica.stop())
    replicas.push(replica)
  }
  await Promise.all(replicas.map((replica) => replica.start()))
  return replicas
}

/** NGINX as it is deployed, in front of what listens on these ports. */
export async function startEdge(
  t: Test,
  replicas: readonly { readonly port: number }[],
  variables: NginxVariables = {},
): Promise<NginxServer> {
  const nginx = await startNginx({ variables: { ...WIDE, EDGE_SERVERS: serversOf(replicas), ...variables } })
  t.teardown(() => nginx.close())
  return nginx
}

export const serversOf = (
  replicas: readonly { readonly port: number }[],
  parameters = 'max_fails=0',
): string =>
  nginxServers(
    replicas.map(({ port }) => port),
    parameters,
  )

/** A server that stands in for a replica where a test needs one that misbehaves or that tells what it was asked. */
export async function startDouble(t: Test, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  t.teardown(close)
  return { port: address.port, server, close }
}
