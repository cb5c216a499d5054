import { connect } from 'node:net'
import { test } from 'tap'
import { PHOTO } from './helpers/app.js'
import { startService, takenPort, unusedPort, urlOf } from './helpers/service-process.js'

test('a first start fills the new store with samples, says what to try, and a second one leaves it alone', async (t) => {
  const dir = t.testdir()
  const first = startService(t, { PHOTOS_DATA_DIR: dir })
  const url = await urlOf(first)
  t.match(first.output(), /now holds 1000 sample workspaces/)
  const tried = /curl (http\S+)\n/.exec(await first.printed(/curl http\S+\n/))?.[1]
  t.ok(tried?.startsWith(url))
  const photos = (await (await fetch(String(tried))).json()) as { url: string }[]
  t.ok(photos.length >= 4 && photos.length <= 7)
  t.match(photos[0]?.url, /^https:\/\/picsum\.photos\//)
  first.child.kill('SIGTERM')
  t.equal(await first.exited, 0)

  const second = startService(t, { PHOTOS_DATA_DIR: dir })
  await urlOf(second)
  t.notMatch(second.output(), /sample workspaces/)
  second.child.kill('SIGINT')
  t.equal(await second.exited, 0)
})

test('in production nothing is made up and nothing but the log is printed', async (t) => {
  const service = startService(t, { PHOTOS_DATA_DIR: t.testdir(), NODE_ENV: 'production' })
  const url = await urlOf(service)
  t.equal(await (await fetch(`${url}/api/photos/workspace/sample-000000001`)).text(), '[]')
  service.child.kill('SIGTERM')
  t.equal(await service.exited, 0)
  for (const line of service.output().trim().split('\n')) t.ok(JSON.parse(line), line)
})

test('one line is logged for a request, with its id, and none when LOG_LEVEL is warn', async (t) => {
  const info = startService(t, { PHOTOS_DATA_DIR: t.testdir(), NODE_ENV: 'production' })
  await fetch(`${await urlOf(info)}/api/photos/workspace/logged`, { headers: { 'x-request-id': 'my-id' } })
  info.child.kill('SIGTERM')
  await info.exited
  const lines = info
    .output()
    .split('\n')
    .filter((line) => line.includes('/workspace/logged'))
  t.equal(lines.length, 1)
  t.match(JSON.parse(String(lines[0])), {
    reqId: 'my-id',
    method: 'GET',
    statusCode: 200,
    responseTimeMs: Number,
  })

  const port = await unusedPort()
  const warn = startService(t, {
    PHOTOS_DATA_DIR: t.testdir(),
    NODE_ENV: 'production',
    LOG_LEVEL: 'warn',
    PORT: String(port),
  })
  await untilAnswered(`http://127.0.0.1:${port}/api/photos/workspace/logged`)
  warn.child.kill('SIGTERM')
  t.equal(await warn.exited, 0)
  t.equal(warn.output(), '')
})

test('SIGTERM lets a request that is under way finish', async (t) => {
  const service = startService(t, { PHOTOS_DATA_DIR: t.testdir(), NODE_ENV: 'production' })
  const { port } = new URL(await urlOf(service))
  const body = JSON.stringify(PHOTO)
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      // The head and half of the body: the request is under way, and stays so until the rest comes.
      socket.write(
        `POST /api/photos/workspace/acme HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 20)}`,
        () => service.child.kill('SIGTERM'),
      )
    })
    void service.printed(/closing on SIGTERM/).then(() => socket.write(body.slice(20)), reject)
    let text = ''
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
  t.match(answer, /^HTTP\/1\.1 201 Created\r\n/)
  t.equal(await service.exited, 0)
})

test('a configuration that is wrong stops the start with one line', async (t) => {
  const service = startService(t, { PORT: 'many', LOG_LEVEL: 'loud' })
  t.equal(await service.exited, 1)
  t.match(service.output(), /^configuration: .*PORT.*LOG_LEVEL.*\n$/)
})

test('a port that is taken and an argument that does not exist stop the start', async (t) => {
  const port = await takenPort(t)
  for (const args of [[], ['--replicas', '2']]) {
    const service = startService(
      t,
      { PORT: String(port), PHOTOS_DATA_DIR: t.testdir(), NODE_ENV: 'production' },
      args,
    )
    t.equal(await service.exited, 1)
    t.match(service.output(), /EADDRINUSE/)
    t.notMatch(service.output(), /\n\s+at /, 'no stack trace for a mistake of the user')
  }
  const service = startService(t, {}, ['--replica'])
  t.equal(await service.exited, 1)
  t.match(service.output(), /Unknown option '--replica'[\s\S]*usage:/)
})

test('replicas share a port and a store, and one that is killed is replaced', async (t) => {
  const service = startService(t, { PHOTOS_DATA_DIR: t.testdir(), PHOTOS_SAMPLE_WORKSPACES: '0' }, [
    '--replicas',
    '2',
  ])
  const url = await urlOf(service)
  await service.printed(/(Server listening[\s\S]*){2}/)
  const post = async (): Promise<number> => {
    const answer = await fetch(`${url}/api/photos/workspace/shared`, {
      method: 'POST',
      body: JSON.stringify(PHOTO),
      headers: { 'content-type': 'application/json', connection: 'close' },
    })
    return answer.status
  }
  t.same(new Set(await Promise.all(Array.from({ length: 40 }, post))), new Set([201]))
  const count = async (): Promise<number> => {
    // A connection of its own each time: one that is kept may lead to the replica that is killed.
    const answer = await fetch(`${url}/api/photos/workspace/shared`, { headers: { connection: 'close' } })
    return ((await answer.json()) as unknown[]).length
  }
  t.equal(await count(), 40)

  const pids = new Set(
    [...service.output().matchAll(/"pid":(\d+).*?Server listening/g)].map(([, pid]) => Number(pid)),
  )
  t.equal(pids.size, 2)
  const [victim] = pids
  process.kill(Number(victim), 'SIGKILL')
  await service.printed(/starting another/)
  await service.printed(/(Server listening[\s\S]*){3}/)
  t.equal(await post(), 201)
  t.equal(await count(), 41)
  service.child.kill('SIGTERM')
  t.equal(await service.exited, 0)
})

async function untilAnswered(url: string): Promise<void> {
  for (;;) {
    const answered = await fetch(url).then(
      () => true,
      () => false,
    )
    if (answered) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}
