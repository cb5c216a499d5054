import { EXIT, UsageError } from '../errors.js'
import { describeEnvironment } from '../machine/machine.js'
import { scenarioMarkdown } from '../report/markdown.js'
import { writeReport } from '../report/write-report.js'
import { isValid, RESULTS_FORMAT, type Results, type ScenarioResult } from '../run/result.js'
import { runScenario } from '../run/scenario-run.js'
import { summarizeScenario } from '../run/summary.js'
import { loadScenario, withOverrides } from '../scenario/load.js'
import type { Scenario } from '../scenario/schema.js'
import { subjectOf } from '../subjects/index.js'
import type { CommandLine } from './options.js'
import { Progress } from './progress.js'
import { reportDirectory } from './report-directory.js'

/** What `bench` runs when it is not told. */
const DEFAULT_SCENARIOS = ['embedded-collections', 'embedded-photos']

/** `bench run [scenario …]`: measures, prints the tables and writes the report. */
export async function runCommand(line: CommandLine, signal: AbortSignal): Promise<number> {
  const names = line.positionals.length === 0 ? DEFAULT_SCENARIOS : line.positionals
  const results = await measure(await scenariosOf(names, line), line, signal)
  return results.scenarios.every(isValid) ? EXIT.ok : EXIT.invalid
}

/** The scenarios of these names, over each of the sizes asked for. */
export async function scenariosOf(names: readonly string[], line: CommandLine): Promise<Scenario[]> {
  const scenarios = await Promise.all(names.map(loadScenario))
  return scenarios.flatMap((scenario) =>
    (line.sizes.length === 0 ? [scenario.workspaces] : line.sizes).map((workspaces) =>
      withOverrides(scenario, { ...line.overrides, workspaces }),
    ),
  )
}

/** Runs scenarios one after another; each is printed and added to the report as soon as it is done. */
export async function measure(
  scenarios: readonly Scenario[],
  { settings, cacheDir, out }: CommandLine,
  signal: AbortSignal,
): Promise<Results> {
  refuseUnavailable(scenarios)
  const environment = describeEnvironment()
  const startedAt = new Date().toISOString()
  const dir = out ?? reportDirectory('bench', startedAt)
  const progress = new Progress()
  const done: ScenarioResult[] = []
  const resultsSoFar = (): Results => ({
    format: RESULTS_FORMAT,
    startedAt,
    ...environment,
    settings,
    scenarios: done,
  })
  for (const [place, scenario] of scenarios.entries()) {
    progress.about(`[${place + 1}/${scenarios.length}] ${scenario.name}`)
    const options = { settings, cacheDir, subjectOf, progress: progress.step, signal }
    const result = summarizeScenario(scenario, await runScenario(scenario, options))
    done.push(result)
    console.log(`${scenarioMarkdown(result)}\n`)
    await writeReport(resultsSoFar(), dir)
  }
  console.log(`The report is ${dir}/report.html, the figures are ${dir}/results.json.`)
  return resultsSoFar()
}

/** @throws UsageError naming everything that cannot run here, before anything is measured */
function refuseUnavailable(scenarios: readonly Scenario[]): void {
  const reasons = new Set<string>()
  for (const { name, target, controls } of scenarios) {
    for (const subject of [target, ...controls]) {
      const reason = subjectOf(subject).unavailable?.(process.env)
      if (reason !== undefined) reasons.add(`${name} needs ${subject}, which cannot run here: ${reason}`)
    }
  }
  if (reasons.size > 0) throw new UsageError([...reasons].join('; '))
}
