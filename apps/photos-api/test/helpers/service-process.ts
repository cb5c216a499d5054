import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const SERVER = fileURLToPath(new URL('../../dist/server.js', import.meta.url))

export interface ServiceProcess {
  readonly child: ChildProcess
  /** Everything it wrote to stdout and stderr so far. */
  readonly output: () => string
  /** Resolves to its output once that matches. Rejects when it exits first. */
  readonly printed: (pattern: RegExp) => Promise<string>
  /** Resolves to the exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>
}

/** The real server as a process of its own, killed with the test. */
export function startService(t: Test, env: NodeJS.ProcessEnv, args: readonly string[] = []): ServiceProcess {
  const child = spawn(process.execPath, [SERVER, ...args], {
    env: { PATH: process.env['PATH'], PORT: '0', ...env },
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += String(chunk)
    })
  }
  const printed = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(output)) {
      const next = Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), exited])
      if (child.exitCode !== null || typeof (await next) !== 'object') {
        if (pattern.test(output)) break
        throw new Error(`it exited without printing ${pattern}: ${output}`)
      }
    }
    return output
  }
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return { child, output: () => output, printed, exited }
}

/** The URL in what the service prints when it listens. */
export async function urlOf(service: ServiceProcess): Promise<string> {
  const text = await service.printed(/Spacework Photos is at \S+\n|Server listening at [^"]+"/)
  const match = /(?:is at|listening at) (http:\/\/[^\s"]+)/.exec(text)
  if (match?.[1] === undefined) throw new Error(`no URL in ${text}`)
  return match[1]
}

/** A port that is taken until the test ends. */
export async function takenPort(t: Test): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return portOf(server)
}

/** A port that nothing listened on a moment ago. */
export async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
