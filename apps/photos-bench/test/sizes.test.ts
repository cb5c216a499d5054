import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { toSvg } from '../dist/report/chart.js'
import { scalingGroups } from '../dist/report/plots.js'
import { growthOf, LIMIT_SHARE, TENTH } from '../dist/sizes/growth.js'
import { measuredSeed } from '../dist/sizes/measured-seed.js'
import { cpuChart, ratioChart } from '../dist/sizes/sizes-charts.js'
import { sizesMarkdown } from '../dist/sizes/sizes-markdown.js'
import { SCENARIO, scenarioResult } from './support/results.js'

const dir = await mkdtemp(join(tmpdir(), 'bench-sizes-'))
t.teardown(() => rm(dir, { recursive: true, force: true }))

/** The target answers `share` as much as each of its controls, one of which has a tenth of the workspaces. */
const over = (workspaces: number, share: number) =>
  scenarioResult(share, {}, { ...SCENARIO, controls: ['bare-fastify', TENTH], workspaces })

t.test('the growth is that against a tenth of the workspaces in the same run', async (t) => {
  t.equal(growthOf(over(10_000, 0.8))?.toFixed(3), '0.250')
  t.equal(growthOf(scenarioResult(0.8)), undefined, 'without that control it is not known')
})

t.test('the tables say which size costs what, and whether it stays within the limit', async (t) => {
  const seed = {
    workspaces: 100_000,
    seconds: 4,
    cpuSeconds: 3,
    bytes: 165e6,
    anonymousBytes: [50e6, 60e6, 70e6],
    mostAnonymousBytes: 80e6,
    interruptions: ['SIGKILL', 'SIGINT'],
  }
  const markdown = sizesMarkdown([over(10_000, 0.8), over(100_000, 0.99)], [seed])
  t.match(
    markdown,
    /\| 100,000 +\| +4 s \| +25,000 \| +30 µs \| +165 MB \| +1,650 \| +50, 60, 70 \| 80 MB \|/,
  )
  t.match(markdown, /SIGKILL, SIGINT/)
  t.match(markdown, /over 100,000 workspaces costs 1 % more than over a tenth of them, within 15 %/)
  const worse = sizesMarkdown([over(10_000, 0.9), over(100_000, 1 / (1.1 + LIMIT_SHARE))], [])
  t.match(worse, /not within 15 %/)
  t.notMatch(`${markdown}${worse}`, /NaN|undefined|Infinity/)
})

t.test('the plots have a line for each scenario and one for the control', async (t) => {
  const other = { ...SCENARIO, name: 'embedded-hot' }
  const groups = scalingGroups([
    over(10_000, 0.8),
    over(100_000, 0.7),
    scenarioResult(0.9, {}, { ...other, workspaces: 10_000 }),
    scenarioResult(0.9, {}, { ...other, workspaces: 100_000 }),
  ])
  t.equal(toSvg(cpuChart(groups)).match(/<polyline/g)?.length, 3)
  t.equal(toSvg(ratioChart(groups)).match(/<polyline/g)?.length, 2)
  t.notMatch(toSvg(cpuChart(groups)) + toSvg(ratioChart(groups)), /NaN|undefined/)
})

t.test('a seeding is measured once, and what it took is known to later runs', async (t) => {
  const never = new AbortController().signal
  const seed = (): ReturnType<typeof measuredSeed> => measuredSeed(dir, 20_000, () => {}, never)
  const first = await seed()
  t.equal(first?.workspaces, 20_000)
  t.ok(first !== undefined && first.seconds > 0 && first.bytes > 20_000 * 970)
  t.ok(first !== undefined && first.mostAnonymousBytes > 10e6 && first.cpuSeconds > 0)
  t.same(await seed(), first)
})
