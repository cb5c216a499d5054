#!/usr/bin/env node
import { once } from 'node:events'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { ConfigError } from 'photos-api/config'
import type { NginxVariables } from 'photos-test-servers'
import { closeControl, NoStackError, sendCommand, serveControl } from './control.js'
import { MAX_REPLICAS, Stack, type StackStatus } from './stack.js'

const ECHO_MS = 1000

interface PortOption {
  readonly port: number
}

const program = new Command('stack')
  .description(
    'Runs the whole system as processes of this machine: NGINX, replicas, and Redis where COUCHDB_URL is set.',
  )
  .option('--replicas <n>', 'processes of the service', numberFrom(1, MAX_REPLICAS), 2)
  .option('--port <port>', 'loopback port of NGINX', numberFrom(1, 65_535), 8080)
  .addHelpText(
    'after',
    '\nThe service is set by its own variables (.env.example), NGINX by those of infra/nginx/variables.env.',
  )
  .action((options: PortOption & { readonly replicas: number }) => run(options.port, options.replicas))

program
  .command('status')
  .description('says what runs')
  .action(async () => print((await sendCommand(port(), 'status')) as StackStatus))
program
  .command('roll')
  .description('starts every replica anew, one at a time')
  .action(() => command('roll'))
program
  .command('scale')
  .description('adds replicas, or takes some away')
  .argument('<n>', 'how many there are then', numberFrom(1, MAX_REPLICAS))
  .action((replicas: number) => command(`scale/${replicas}`))
program
  .command('reload')
  .description('loads the configuration of NGINX anew')
  .action(() => command('reload'))
program
  .command('stop')
  .description('stops everything, as Ctrl-C does')
  .action(() => command('stop'))

const port = (): number => program.opts<PortOption>().port

async function command(name: string): Promise<void> {
  await sendCommand(port(), name, console.log)
}

/** Starts a stack, and resolves when a signal or `stack stop` has ended it. */
async function run(port: number, replicas: number): Promise<void> {
  if (await isRunning(port)) throw new Error(`a stack is running on port ${port} already: stack status`)
  const stopping = new AbortController()
  let stoppingSince = 0
  const stop = () => {
    // A terminal and what started us both deliver the same Ctrl-C; a later one ends the wait, and the children with it.
    if (stopping.signal.aborted && Date.now() - stoppingSince > ECHO_MS) process.exit(1)
    if (!stopping.signal.aborted) stoppingSince = Date.now()
    stopping.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  console.log(`starting ${replicas} ${replicas === 1 ? 'replica' : 'replicas'} and NGINX`)
  const stack = await Stack.start({ port, replicas, edge: edgeVariables(), log: console.log })
  try {
    const control = await serveControl(port, stack, stop)
    try {
      print(await stack.status())
      console.log(`\nready: ${stack.url}/api/photos/workspace/sample-000000001   (Ctrl-C stops all of it)`)
      if (!stopping.signal.aborted) await once(stopping.signal, 'abort')
      console.log('stopping')
    } finally {
      await closeControl(port, control)
    }
  } finally {
    await stack.close()
  }
}

async function isRunning(port: number): Promise<boolean> {
  try {
    await sendCommand(port, 'status')
    return true
  } catch (error) {
    if (error instanceof NoStackError) return false
    throw error
  }
}

function edgeVariables(): NginxVariables {
  const given = Object.entries(process.env).filter(([name]) => name.startsWith('EDGE_'))
  return Object.fromEntries(given.map(([name, value = '']) => [name, value]))
}

function print({ url, statusUrl, store, redis, replicas }: StackStatus): void {
  console.log(`nginx    ${url}   (health and metrics: ${statusUrl})`)
  for (const { port, pid, ready } of replicas)
    console.log(`replica  http://127.0.0.1:${port}   process ${pid}, ${ready ? 'ready' : 'not ready'}`)
  console.log(`store    ${store}`)
  if (redis !== undefined) console.log(`redis    ${redis}`)
}

function numberFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`)
    return value
  }
}

try {
  await program.exitOverride().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    console.error(`stack: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = error instanceof ConfigError ? 2 : 1
  }
}
