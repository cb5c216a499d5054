import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { unusedPort } from '../dist/ports.js'
import { delay, send, workspacePath } from './helpers/client.js'
import { FIRST_PORT, temporaryDirectory } from './helpers/edge.js'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

test('stack starts everything, says when it is ready, takes commands, and leaves nothing on Ctrl-C', async (t) => {
  const user = await newUser(t)
  const port = `${await unusedPort(FIRST_PORT, new Set())}`
  const stack = user.run(['--replicas', '2', '--port', port])
  await stack.printed(/^ready: /m)
  const url = `http://127.0.0.1:${port}`
  t.match(
    (await send(url + workspacePath('sample-000000001'))).text,
    /^\[\{"id":/,
    'there is something to look at',
  )

  const status = user.run(['status', '--port', port])
  t.equal(await status.exited, 0)
  const processes = [...status.output().matchAll(/^replica .*process (\d+), ready$/gm)].map(([, pid]) =>
    Number(pid),
  )
  t.equal(processes.length, 2)
  t.match(status.output(), `nginx    ${url} `)
  t.match(status.output(), 'store    embedded')

  const second = user.run(['--port', port])
  t.equal(await second.exited, 1)
  t.match(second.output(), `a stack is running on port ${port} already`)

  t.equal(await user.run(['scale', '1', '--port', port]).exited, 0)
  const scaled = user.run(['status', '--port', port])
  await scaled.exited
  t.equal(scaled.output().match(/^replica /gm)?.length, 1)
  t.throws(() => process.kill(processes[1] ?? 0, 0), { code: 'ESRCH' }, 'the last one has gone')

  stack.child.kill('SIGINT')
  t.equal(await stack.exited, 0)
  t.throws(() => process.kill(processes[0] ?? 0, 0), { code: 'ESRCH' })
  await t.rejects(send(url))
  t.same(await readdir(user.temporary), [], 'no file is left')
})

test('stack roll says which process followed which, and stack stop ends it as Ctrl-C does', async (t) => {
  const user = await newUser(t)
  const port = `${await unusedPort(FIRST_PORT, new Set())}`
  const stack = user.run(['--replicas', '2', '--port', port])
  await stack.printed(/^ready: /m)
  const roll = user.run(['roll', '--port', port])
  t.equal(await roll.exited, 0)
  t.equal(roll.output().match(/^replica \d+: process \d+ ended, \d+ is ready$/gm)?.length, 2)
  t.equal(await user.run(['stop', '--port', port]).exited, 0)
  t.equal(await stack.exited, 0)
  t.same(await readdir(user.temporary), [])
})

test('stack that is told to stop while it starts leaves nothing', async (t) => {
  const user = await newUser(t)
  const stack = user.run(['--replicas', '2', '--port', `${await unusedPort(FIRST_PORT, new Set())}`])
  await stack.printed(/^starting /m)
  stack.child.kill('SIGTERM')
  t.equal(await stack.exited, 0)
  t.same(await readdir(user.temporary), [])
})

test('stack that cannot start says why, exits with 1 or 2, and leaves nothing', async (t) => {
  const user = await newUser(t)
  const port = `${await unusedPort(FIRST_PORT, new Set())}`
  const cases: [readonly string[], NodeJS.ProcessEnv, number, RegExp][] = [
    [['--replicas', '0'], {}, 2, /whole number from 1 to 64/],
    [[], { PHOTOS_MAX_PHOTOS: 'many' }, 2, /PHOTOS_MAX_PHOTOS must be integer/],
    [[], { PHOTOS_DATA_DIR: '/dev/null/data' }, 1, /a replica ended before it was ready[\s\S]*\/dev\/null/],
    [[], { EDGE_NONSENSE: '1' }, 1, /does not list EDGE_NONSENSE/],
    [[], { EDGE_BODY_LIMIT: 'large' }, 1, /client_max_body_size/],
    [['status'], {}, 1, /no stack is running on port/],
    [['roll'], {}, 1, /no stack is running on port/],
  ]
  for (const [args, env, code, message] of cases) {
    const stack = user.run([...args, '--port', port], env)
    t.equal(await stack.exited, code, `${message}`)
    t.match(stack.output(), message)
    t.same(await readdir(user.temporary), [])
  }
})

test('a replica that dies is started again', async (t) => {
  const user = await newUser(t)
  const port = `${await unusedPort(FIRST_PORT, new Set())}`
  const stack = user.run(['--replicas', '1', '--port', port])
  await stack.printed(/^ready: /m)
  const pid = Number(/process (\d+), ready/.exec(stack.output())?.[1])
  process.kill(pid, 'SIGKILL')
  await stack.printed(/^replica \d+ died \(SIGKILL\); starting it again$/m)
  let answer = await send(`http://127.0.0.1:${port}${workspacePath('acme')}`)
  while (answer.status !== 200) {
    await delay(100)
    answer = await send(`http://127.0.0.1:${port}${workspacePath('acme')}`)
  }
  stack.child.kill('SIGINT')
  t.equal(await stack.exited, 0)
})

/** Someone at a terminal, with a folder for temporary files that shows what was left behind. */
async function newUser(t: Test) {
  const directory = await temporaryDirectory(t)
  const temporary = join(directory, 'tmp')
  await mkdir(temporary)
  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: directory,
      env: {
        PATH: process.env['PATH'],
        TMPDIR: temporary,
        PHOTOS_DATA_DIR: join(directory, 'data'),
        PHOTOS_SAMPLE_WORKSPACES: '10',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.teardown(() => stopped(child))
    return watch(child)
  }
  return { temporary, run }
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

function watch(child: ChildProcess) {
  let output = ''
  let onOutput = () => undefined as unknown
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += String(chunk)
      onOutput()
    })
  }
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  const printed = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      onOutput = () => pattern.test(output) && resolve()
      onOutput()
      exited.then((how) => reject(new Error(`it ended with ${how} without printing ${pattern}: ${output}`)))
    })
  return { child, output: () => output, exited, printed }
}
