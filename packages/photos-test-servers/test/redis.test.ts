import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { type RedisServer, startRedis } from 'photos-test-servers'
import { test } from 'tap'

test('a started Redis answers, with the settings of infra/redis and those asked for', async (t) => {
  const redis = await startRedis({
    settings: { maxmemory: '3mb', 'client-output-buffer-limit': 'pubsub 1mb 1mb 1' },
  })
  t.teardown(() => redis.close())
  const socket = await connect(redis)
  t.teardown(() => socket.destroy())
  t.equal(redis.url, `redis://127.0.0.1:${redis.port}`)
  t.match(await ask(socket, 'CONFIG GET maxmemory-policy'), 'allkeys-lfu')
  t.match(await ask(socket, 'CONFIG GET maxmemory'), `${3 * 1024 * 1024}`)
  t.match(await ask(socket, 'CONFIG GET client-output-buffer-limit'), 'pubsub 1048576 1048576 1')
})

test('a killed Redis breaks its connections, and starts again empty on the same port', async (t) => {
  const redis = await startRedis()
  t.teardown(() => redis.close())
  const socket = await connect(redis)
  t.equal(await ask(socket, 'SET key value'), '+OK\r\n')
  const { pid, port } = redis
  await t.rejects(redis.start(), { message: /is running/ })
  const broken = once(socket, 'close')
  await redis.kill()
  await broken
  t.equal(redis.pid, undefined)
  await t.rejects(connect(redis), { code: 'ECONNREFUSED' })
  await redis.kill()
  await redis.start()
  t.equal(redis.port, port)
  t.not(redis.pid, pid)
  const again = await connect(redis)
  t.teardown(() => again.destroy())
  t.equal(await ask(again, 'GET key'), '$-1\r\n')
})

test('a paused Redis keeps its connections without answering, and answers once it is resumed', async (t) => {
  const redis = await startRedis()
  t.teardown(() => redis.close())
  const socket = await connect(redis)
  t.teardown(() => socket.destroy())
  t.equal(await ask(socket, 'SET key value'), '+OK\r\n')
  redis.pause()
  let answered = false
  const answer = ask(socket, 'GET key').then((text) => {
    answered = true
    return text
  })
  // The system takes connections for a stopped process, so this one shows that time has passed without an answer.
  const another = await connect(redis)
  t.teardown(() => another.destroy())
  t.equal(answered, false)
  redis.resume()
  t.equal(await answer, '$5\r\nvalue\r\n')
})

test('a Redis that cannot start rejects with what it said, and leaves no process', async (t) => {
  await t.rejects(startRedis({ settings: { 'no-such-setting': '1' } }), { message: /no-such-setting/ })
})

async function connect({ host, port }: RedisServer): Promise<Socket> {
  const socket = createConnection(port, host)
  await once(socket, 'connect')
  // What breaks it later shows as `close`.
  socket.on('error', () => {})
  return socket
}

/** Sends an inline command (https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands); small answers only. */
async function ask(socket: Socket, command: string): Promise<string> {
  const answer = once(socket, 'data')
  socket.write(`${command}\r\n`)
  const [bytes] = await answer
  return String(bytes)
}
