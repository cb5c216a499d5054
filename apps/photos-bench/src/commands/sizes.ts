import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, UsageError } from '../errors.js'
import { toSvg } from '../report/chart.js'
import { formatWhole } from '../report/format.js'
import { scalingGroups } from '../report/plots.js'
import { isValid } from '../run/result.js'
import { loadScenario, withOverrides } from '../scenario/load.js'
import type { Scenario } from '../scenario/schema.js'
import { growthOf, LIMIT_SHARE, TENTH } from '../sizes/growth.js'
import { type MeasuredSeed, measuredSeed } from '../sizes/measured-seed.js'
import { cpuChart, ratioChart } from '../sizes/sizes-charts.js'
import { sizesMarkdown } from '../sizes/sizes-markdown.js'
import type { CommandLine } from './options.js'
import { Progress } from './progress.js'
import { reportDirectory } from './report-directory.js'
import { measure } from './run.js'

/** The hot set fits in memory whatever is stored; so does most of what Zipf's law asks for; the last asks for all. */
const DEFAULT_SCENARIOS = ['embedded-hot', 'embedded-zipf', 'embedded-collections']
const DEFAULT_SIZES = [10_000, 100_000, 1_000_000, 10_000_000]
/**
 * A process that has just started meets each part of the file for the first time, and the kernel maps 64 KiB of it then (fault-around). One
 * that has been serving for a while does not: so large stores are warmed up for longer, uniform demand for nearly all of them.
 */
const WORKSPACES_WARMED_A_SECOND = 500_000

/**
 * `bench sizes [scenario …]`: seeds the embedded store at each size and measures the same reads over each. Exit code 1 where the
 * first scenario, whose hot set stays the same, costs more over the largest store than it may.
 */
export async function sizesCommand(line: CommandLine, signal: AbortSignal): Promise<number> {
  const names = line.positionals.length === 0 ? DEFAULT_SCENARIOS : line.positionals
  const sizes = (line.sizes.length === 0 ? DEFAULT_SIZES : line.sizes).toSorted((a, b) => a - b)
  const scenarios = await Promise.all(names.map(loadScenario))
  refuseOthers(scenarios)
  const ofSizes = sizes.flatMap((workspaces) =>
    scenarios.map((scenario) => {
      const controls = sizes.includes(workspaces / 10) ? [...scenario.controls, TENTH] : scenario.controls
      const warmupSeconds = Math.max(scenario.warmupSeconds, workspaces / WORKSPACES_WARMED_A_SECOND)
      return withOverrides({ ...scenario, controls, warmupSeconds }, { ...line.overrides, workspaces })
    }),
  )

  const progress = new Progress()
  const seeds: MeasuredSeed[] = []
  for (const workspaces of sizes) {
    progress.about(`${formatWhole(workspaces)} workspaces`)
    const seed = await measuredSeed(line.cacheDir, workspaces, progress.step, signal)
    if (seed !== undefined) seeds.push(seed)
  }

  const out = line.out ?? reportDirectory('sizes', new Date().toISOString())
  const results = await measure(ofSizes, { ...line, out }, signal)
  const groups = scalingGroups(results.scenarios)
  const markdown = sizesMarkdown(results.scenarios, seeds)
  await writeFile(join(out, 'sizes.md'), markdown)
  if (groups.length > 0) {
    await writeFile(join(out, 'sizes.svg'), `${toSvg(cpuChart(groups))}\n`)
    await writeFile(join(out, 'sizes-ratio.svg'), `${toSvg(ratioChart(groups))}\n`)
  }
  console.log(`\n${markdown}\nThe tables and plots are ${out}/sizes.md, sizes.svg and sizes-ratio.svg.`)
  if (!results.scenarios.every(isValid)) return EXIT.invalid
  const last = groups[0]?.at(-1)
  const growth = last && growthOf(last)
  return growth !== undefined && growth > LIMIT_SHARE ? EXIT.failed : EXIT.ok
}

/** @throws UsageError */
function refuseOthers(scenarios: readonly Scenario[]): void {
  const others = scenarios.filter(({ target }) => target !== 'embedded').map(({ name }) => name)
  if (others.length > 0) throw new UsageError(`sizes measures the embedded store, not ${others.join(', ')}`)
}
