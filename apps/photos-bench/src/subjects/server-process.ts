import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { SetupError } from '../errors.js'
import type { HeapRequest } from './heap-meter.js'
import type { HeapMeter, RunningSubject } from './subject.js'

export const HOST = '127.0.0.1'
const HEAP_METER = new URL('./heap-meter.js', import.meta.url).href
const READY_TIMEOUT_MS = 120_000
const READY_POLL_MS = 25
const STOP_TIMEOUT_MS = 10_000
/** How much of what a process printed is told when it dies. */
const KEPT_OUTPUT_LENGTH = 4000

export interface ServerProcessOptions {
  readonly name: string
  /** Node's arguments: the script, and what stands before and behind it. */
  readonly args: readonly string[]
  /** Its whole environment, but for PATH. */
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  /** A path that answers 200 once the server can serve. */
  readonly readyPath: string
}

// Should this process end by an error that nothing caught, no server must outlive it.
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a server on Node as a process of its own and resolves once it answers. @throws SetupError when it does not */
export async function startServerProcess(options: ServerProcessOptions): Promise<RunningSubject> {
  const { name, args, env, port, readyPath } = options
  const child = spawn(process.execPath, ['--import', HEAP_METER, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  running.add(child)
  let output = ''
  const keep = (chunk: Buffer): void => {
    output = `${output}${chunk.toString()}`.slice(-KEPT_OUTPUT_LENGTH)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const exited = exitOf(child).finally(() => running.delete(child))
  const died = exited.then((how): never => {
    throw new SetupError(`${name} ended (${how})${output === '' ? '' : `; it said:\n${output.trimEnd()}`}`)
  })
  died.catch(() => undefined)

  const origin = `http://${HOST}:${port}`
  const asking = new AbortController()
  try {
    await Promise.race([answers(`${origin}${readyPath}`, asking.signal), died])
  } catch (error) {
    asking.abort()
    await stop(child, exited)
    throw error instanceof SetupError ? error : new SetupError(`${name} is not ready: ${String(error)}`)
  }
  const { pid } = child
  if (pid === undefined) throw new SetupError(`${name} could not be started`)
  return { origin, pids: [pid], heap: heapMeterOf(child), died, stop: () => stop(child, exited) }
}

/** Rejects when one of them dies. Like each one's own, it may be left alone: between slots nobody waits for it. */
export function firstDeathOf(servers: readonly RunningSubject[]): Promise<never> {
  const died = Promise.race(servers.map((server) => server.died))
  died.catch(() => undefined)
  return died
}

/** Of a server that dies meanwhile there is no count: `died` tells. */
function heapMeterOf(child: ChildProcess): HeapMeter {
  const ask = (request: HeapRequest): boolean => child.send(request, () => undefined)
  return {
    begin() {
      ask('begin')
    },
    end: () =>
      new Promise((resolve) => {
        child.once('message', (bytes) => resolve(Number(bytes)))
        ask('end')
      }),
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new SetupError('there is no free port')
  return address.port
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
    child.once('error', (error) => resolve(error.message))
  })
}

async function answers(url: string, asking: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([AbortSignal.timeout(READY_TIMEOUT_MS), asking])
  for (;;) {
    try {
      const response = await fetch(url, { signal: deadline })
      await response.arrayBuffer()
      if (response.ok) return
    } catch {
      if (deadline.aborted) throw new SetupError(`no answer from ${url} within ${READY_TIMEOUT_MS / 1000} s`)
    }
    await delay(READY_POLL_MS)
  }
}

/** Asks it to end and waits; a process that does not end in time is killed. */
async function stop(child: ChildProcess, exited: Promise<string>): Promise<void> {
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await exited
  clearTimeout(killer)
}
