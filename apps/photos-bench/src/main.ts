#!/usr/bin/env node
import { capacityCommand } from './commands/capacity.js'
import { compareCommand } from './commands/compare.js'
import { costsCommand } from './commands/costs.js'
import { gateCommand } from './commands/gate.js'
import { listCommand } from './commands/list.js'
import { type CommandLine, parseCommandLine } from './commands/options.js'
import { reportCommand } from './commands/report.js'
import { runCommand } from './commands/run.js'
import { scaleCommand } from './commands/scale.js'
import { seedCommand } from './commands/seed.js'
import { sizesCommand } from './commands/sizes.js'
import { EXIT, SetupError, UsageError } from './errors.js'

const USAGE = `usage: bench [run] [scenario …] [options]   measure; without a name, the embedded store's reads
       bench list                             the scenarios there are
       bench gate [--short] [results.json]    fail where a ratio is below its floor
       bench compare before.json after.json   what changed beyond the noise; fail where it got worse
       bench scale [options]                  replicas held to the CPU of small instances, 1 to 8 of them behind NGINX;
                                              fails where they do not scale
       bench seed                             seeding CouchDB against the same documents by _bulk_docs alone
       bench sizes [scenario …]               seeding and reads of the embedded store from 10,000 to 10,000,000 workspaces
       bench costs                            what a request costs each server, for the table that capacity plans with
       bench capacity [options]               what a load needs and what that costs; has a --help of its own
       bench report results.json              write the report of earlier results again

A scenario is one of ours by name, or any .json file. Options of run, gate and scale:
  --workspaces N[,N …]   how many workspaces are stored; each scenario is run over each
  --rounds N             how often the target is measured
  --slot-seconds S       how long each time
  --warmup-seconds S     load before the first time
  --connections N        scale: for each replica
  --threads N            threads of the load generator; by default one core is left to the server
  --seed N               what all random numbers are drawn from (1)
  --cache-dir DIR        where stores are kept from run to run (spacework-photos-bench in the temporary directory)
  --out DIR              where the report goes (reports/bench-<time>)
  --slow-down SHARE      add so much CPU to each request of the target, e.g. 0.15: shows that a gate finds it
  --replicas N[,N …]     scale: how many replicas, in turn (1,2,4,8)
  --quota CORES          scale: how much of a core each may use (0.1)
  --floors FILE          gate: other floors than ours
  --short                gate: fewer workspaces and shorter slots, for CI

Exit code: 0 ok; 1 below a floor, an aim missed, or worse; 2 the command line, a file or a server is wrong;
3 answers were wrong; 130 interrupted.`

const COMMANDS: Readonly<Record<string, (line: CommandLine, signal: AbortSignal) => Promise<number>>> = {
  run: runCommand,
  list: listCommand,
  gate: gateCommand,
  compare: compareCommand,
  report: reportCommand,
  scale: scaleCommand,
  seed: seedCommand,
  sizes: sizesCommand,
  costs: costsCommand,
}

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const [first = 'run', ...rest] = args
  // Its options are its own.
  if (first === 'capacity') return capacityCommand(rest)
  const named = COMMANDS[first]
  const line = parseCommandLine(named === undefined ? args : rest)
  if (line.help) {
    console.log(USAGE)
    return EXIT.ok
  }
  return (named ?? runCommand)(line, signal)
}

/** A terminal and what started us both deliver the same Ctrl-C. */
const ECHO_MS = 1000

/** Aborts at Ctrl-C and the like; a later one ends the process at once, and what it has started with it. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  let sinceMs = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted && performance.now() - sinceMs > ECHO_MS) process.exit(EXIT.interrupted)
      if (!controller.signal.aborted) sinceMs = performance.now()
      controller.abort(new SetupError(`interrupted by ${signal}`))
    })
  }
  return controller.signal
}

// Whoever read our output may have seen enough, as `| head` has; what was found out still counts.
process.stdout.on('error', (error) => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error
})
const interrupted = interruption()
try {
  process.exitCode = await main(process.argv.slice(2), interrupted)
} catch (error) {
  const known = error instanceof UsageError || error instanceof SetupError
  console.error(known ? error.message : error)
  process.exitCode = interrupted.aborted ? EXIT.interrupted : EXIT.usage
}
