import { EXIT, UsageError } from '../errors.js'
import { markdownTable } from '../report/markdown.js'
import { readResults } from '../run/read-results.js'
import { isValid, type Results } from '../run/result.js'
import { withOverrides } from '../scenario/load.js'
import { type Floors, loadFloors } from '../verdict/floors.js'
import { checkGate, gateTable } from '../verdict/gate.js'
import type { CommandLine } from './options.js'
import { measure, scenariosOf } from './run.js'

/** `bench gate [--short] [results.json]`: measures what the floors are about, or reads it, and fails below a floor. */
export async function gateCommand(line: CommandLine, signal: AbortSignal): Promise<number> {
  const floors = await loadFloors(line.floors)
  const [file, ...more] = line.positionals
  if (more.length > 0) throw new UsageError('gate takes one results file at most')
  const results = file === undefined ? await measureForGate(floors, line, signal) : await readResults(file)
  const checks = checkGate(results, floors.floors)
  console.log(`\n${markdownTable(gateTable(checks))}\n`)
  for (const { floor, passed } of checks) {
    if (!passed) console.log(`FAILED ${floor.scenario}, ${floor.metric}: ${floor.reason}`)
  }
  if (!results.scenarios.every(isValid)) return EXIT.invalid
  return checks.every(({ passed }) => passed) ? EXIT.ok : EXIT.failed
}

async function measureForGate(floors: Floors, line: CommandLine, signal: AbortSignal): Promise<Results> {
  const names = [...new Set(floors.floors.map(({ scenario }) => scenario))]
  const short = line.short ? floors.short : {}
  const scenarios = await scenariosOf(names, line)
  return measure(
    scenarios.map((scenario) => withOverrides(scenario, { ...short, ...line.overrides })),
    line,
    signal,
  )
}
