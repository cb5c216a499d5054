import t from 'tap'
import { freePort, HOST, startServerProcess } from '../dist/subjects/server-process.js'

t.test('what a server puts on the heap is counted, over collections and without them', async (t) => {
  const answersWithGarbage = `
    require('node:http').createServer((_, response) => {
      globalThis.garbage = new Array(100_000).fill(0)
      response.end('x')
    }).listen(Number(process.env.PORT), '${HOST}')`
  const port = await freePort()
  const server = await startServerProcess({
    name: 'garbage',
    args: ['-e', answersWithGarbage],
    env: { PORT: String(port) },
    port,
    readyPath: '/ready',
  })
  t.teardown(() => server.stop())
  const bytesOf = async (requests: number): Promise<number> => {
    server.heap?.begin()
    for (let sent = 0; sent < requests; sent++) await (await fetch(server.origin)).text()
    return (await server.heap?.end()) ?? 0
  }
  for (const requests of [1, 200]) {
    const bytes = (await bytesOf(requests)) / requests
    t.ok(bytes >= 800_000 && bytes < 1_000_000, `${bytes} B for each of ${requests}`)
  }
})
