import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { freePort } from 'photos-test-servers'
import { type Test, test } from 'tap'
import { send, workspacePath } from './helpers/client.js'
import { startDouble, startEdge, temporaryDirectory } from './helpers/edge.js'

test('with a certificate the API is served over HTTP/2 and TLS, and plain HTTP redirects there', async (t) => {
  let forwardedProto: unknown
  const replica = await startDouble(t, (request, response) => {
    forwardedProto = request.headers['x-forwarded-proto']
    response.end('over TLS')
  })
  const { nginx, port } = await startTlsEdge(t, replica.port)
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  t.teardown(() => session.close())
  const request = session.request({ ':path': workspacePath('acme') })
  const [headers] = await once(request, 'response')
  t.equal(headers[':status'], 200)
  t.match(headers['strict-transport-security'], /^max-age=\d+$/)
  t.match(headers['x-request-id'], /^[0-9a-f]{32}$/)
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  t.equal(Buffer.concat(chunks).toString(), 'over TLS')
  t.equal(forwardedProto, 'https')
  const redirect = await send(`${nginx.url}${workspacePath('acme')}?x=1`)
  t.equal(redirect.status, 308)
  t.equal(redirect.header('location'), `https://127.0.0.1:${port}${workspacePath('acme')}?x=1`)
})

test('TLS older than 1.2 is refused', async (t) => {
  const replica = await startDouble(t, (_request, response) => response.end('ok'))
  const { port } = await startTlsEdge(t, replica.port)
  const protocolOf = async (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => {
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      minVersion: version,
      maxVersion: version,
      rejectUnauthorized: false,
      // This side would take it.
      ciphers: 'DEFAULT:@SECLEVEL=0',
    })
    try {
      await once(socket, 'secureConnect')
      return socket.getProtocol()
    } finally {
      socket.destroy()
    }
  }
  t.equal(await protocolOf('TLSv1.3'), 'TLSv1.3')
  t.equal(await protocolOf('TLSv1.2'), 'TLSv1.2')
  await t.rejects(protocolOf('TLSv1.1'), { code: /^(ERR_SSL|ECONNRESET)/ })
})

async function startTlsEdge(t: Test, replicaPort: number) {
  const directory = await temporaryDirectory(t)
  const key = join(directory, 'tls.key')
  const certificate = join(directory, 'tls.crt')
  const subject = ['-subj', '/CN=127.0.0.1', '-days', '2']
  const algorithm = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await promisify(execFile)('openssl', [
    ...['req', '-x509', ...algorithm, ...subject],
    ...['-keyout', key, '-out', certificate],
  ])
  const port = await freePort()
  const nginx = await startEdge(t, [{ port: replicaPort }], {
    EDGE_TRANSPORT: 'tls',
    EDGE_LISTEN_TLS: `127.0.0.1:${port}`,
    EDGE_TLS_PUBLIC_PORT: `:${port}`,
    EDGE_TLS_CERTIFICATE: certificate,
    EDGE_TLS_KEY: key,
  })
  return { nginx, port }
}
