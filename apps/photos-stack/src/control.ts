import { once } from 'node:events'
import { chmod, mkdir, rm, rmdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Stack } from './stack.js'

/*
 * How a second command talks to the running stack: HTTP on a Unix socket of this user, one for each port. An answer is lines
 * of JSON, `{"say":…}` as things happen, and at the end `{"done":…}` or `{"error":…}`.
 */

type Line = { readonly say: string } | { readonly done: unknown } | { readonly error: string }

/** No stack runs on this port. */
export class NoStackError extends Error {
  override readonly name = 'NoStackError'
}

const socketOf = (port: number): string =>
  join(tmpdir(), `photos-stack-control-${userInfo().uid}`, `${port}.sock`)

/** Takes commands for a stack. @throws Error if another stack on this port does */
export async function serveControl(port: number, stack: Stack, stop: () => void): Promise<Server> {
  const path = socketOf(port)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await rm(path, { force: true })
  const server = createServer((incoming, outgoing) => {
    answer(stack, stop, incoming, outgoing).catch((error: Error) => {
      outgoing.end(lineOf({ error: error.message }))
    })
  })
  server.listen(path)
  await once(server, 'listening')
  await chmod(path, 0o600)
  return server
}

/** Takes no more commands; those that run get their answer. */
export async function closeControl(port: number, server: Server): Promise<void> {
  server.close()
  // Where other stacks run, the directory stays.
  await rmdir(dirname(socketOf(port))).catch(() => undefined)
}

async function answer(
  stack: Stack,
  stop: () => void,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const [, command = '', argument = ''] = (incoming.url ?? '').split('/')
  const say = (line: string) => outgoing.write(lineOf({ say: line }))
  const run: Readonly<Record<string, () => unknown>> = {
    status: () => stack.status(),
    roll: () => stack.roll(say),
    scale: () => stack.scale(Number(argument)),
    reload: () => stack.reload(),
    stop,
  }
  const handler = run[command]
  if (handler === undefined) throw new Error(`there is no command ${command}`)
  outgoing.end(lineOf({ done: (await handler()) ?? null }))
}

const lineOf = (line: Line): string => `${JSON.stringify(line)}\n`

/**
 * Sends a command (`roll`, `scale/3`) to the stack on a port; resolves to its result.
 * @throws NoStackError
 * @throws Error with the message of the stack, if it could not do it
 */
export async function sendCommand(
  port: number,
  command: string,
  say: (line: string) => void = () => undefined,
): Promise<unknown> {
  const outgoing = request({ socketPath: socketOf(port), path: `/${command}`, method: 'POST' }).end()
  let incoming: IncomingMessage
  try {
    incoming = (await once(outgoing, 'response'))[0] as IncomingMessage
  } catch {
    throw new NoStackError(`no stack is running on port ${port}`)
  }
  for await (const text of createInterface(incoming)) {
    const line = JSON.parse(text) as Line
    if ('say' in line) say(line.say)
    else if ('error' in line) throw new Error(line.error)
    else return line.done
  }
  throw new Error('the stack ended before it was done')
}
