import { test } from 'tap'
import { addPhoto, cacheDetail, send, sendUntil, workspacePath } from './helpers/client.js'
import { serversOf, startEdge, startReplicas } from './helpers/edge.js'

const portOf = ({ url }: { readonly url: string }) => ({ port: Number(new URL(url).port) })

test("the original's shape: a balancer in front, a microcache beside each replica", async (t) => {
  const replicas = await startReplicas(t, 2)
  const trusted = { EDGE_TRUSTED_PROXIES: 'set_real_ip_from 127.0.0.1;' }
  const microcaches = await Promise.all(
    replicas.map((replica) =>
      startEdge(t, [replica], { ...trusted, EDGE_LIMITS: 'off', EDGE_CACHE_MIN_USES: '1' }),
    ),
  )
  const balancer = await startEdge(t, microcaches.map(portOf), {
    EDGE_CACHE: 'off',
    EDGE_SERVERS: serversOf(microcaches.map(portOf), 'max_fails=2 fail_timeout=2s'),
  })
  const ask = (workspaceId: string) => send(balancer.url + workspacePath(workspaceId))

  const hit = await sendUntil(
    () => ask('acme'),
    (answer) => cacheDetail(answer) === 'HIT',
  )
  t.equal(hit.text, '[]')
  t.match(hit.header('cache-status'), /^photos; [^,]*, nginx; hit; detail=HIT$/, 'the balancer has no say')
  t.match(hit.header('x-request-id'), /^[0-9a-f]{32}$/)

  await replicas[0]?.stop()
  for (let i = 0; i < 10; i++)
    t.equal((await ask(`not-cached-${i}`)).status, 200, 'a microcache without its replica is passed over')
  await addPhoto(balancer.url, 'acme', 'a photo', { 'idempotency-key': 'key' })
})
