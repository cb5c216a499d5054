import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { toSvg } from '../dist/report/chart.js'
import { markdownTable, toMarkdown } from '../dist/report/markdown.js'
import { plotsOf } from '../dist/report/plots.js'
import { linearTicks, logTicks } from '../dist/report/ticks.js'
import { writeReport } from '../dist/report/write-report.js'
import { readResults } from '../dist/run/read-results.js'
import { results, SCENARIO, scenarioResult } from './support/results.js'

const SIZES = [1000, 10_000, 100_000].map((workspaces) =>
  scenarioResult(0.9, {}, { ...SCENARIO, workspaces }),
)

/** Whether every tag of an XML text is closed in its order. */
function isWellFormed(xml: string): boolean {
  const open: string[] = []
  for (const [, closing, name, selfClosing] of xml.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/gi)) {
    if (closing) {
      if (open.pop() !== name) return false
    } else if (!selfClosing && name !== undefined) open.push(name)
  }
  return open.length === 0 && !/&(?!amp;|lt;|gt;|quot;|#39;)/.test(xml)
}

t.test('a report is written whole, and its results are read back as they were', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'bench-report-'))
  const written = results(...SIZES)
  await writeReport(written, dir)
  t.same((await readdir(dir)).filter((name) => !name.endsWith('.svg')).sort(), [
    'report.html',
    'report.md',
    'results.json',
  ])
  t.ok((await readdir(dir)).includes('embedded-collections-scaling.svg'))
  t.same(await readResults(dir), written)
  t.same(await readResults(join(dir, 'results.json')), written)

  const html = await readFile(join(dir, 'report.html'), 'utf8')
  t.notMatch(html, /<script|<link|src=|url\(/, 'the page needs nothing else')
  t.equal(html.match(/<svg/g)?.length, 3 * 2 + 1)
})

t.test('a table tells the median ratio and how far it spreads', async (t) => {
  const markdown = toMarkdown(results(scenarioResult(0.9)))
  t.match(markdown, /\| requests\/s +\| +900 \| +1,000 \| +0\.90 \| +0\.90 – 0\.90 \|/)
  t.match(markdown, '10 bodies checked, 0 wrong answers')
  t.notMatch(markdown, 'Not valid')
  t.notMatch(markdown, 'all servers started')
})

t.test('a report says whose connections failed, and how often servers were started', async (t) => {
  const verification = {
    checked: 10,
    wrong: 0,
    errors: 3,
    errorsBySubject: { embedded: 3 },
    wrongAnswers: [],
  }
  const markdown = toMarkdown(results(scenarioResult(0.9, { verification }, { ...SCENARIO, starts: 4 })))
  t.match(markdown, '3 failed connections (embedded 3)')
  t.match(markdown, '7 slots of 1 s, all servers started 4 times')
})

t.test('wrong answers and warnings cannot be overlooked', async (t) => {
  const wrongAnswers = [{ subject: 'embedded', request: 'GET /x', problem: 'status 500 instead of 200' }]
  const markdown = toMarkdown(
    results(
      scenarioResult(0.9, {
        verification: { checked: 10, wrong: 1, errors: 0, wrongAnswers },
        warnings: ['the generator was busy'],
      }),
    ),
  )
  t.match(markdown, '**Not valid: the figures above mean nothing.**')
  t.match(markdown, 'embedded: `GET /x` was answered with status 500 instead of 200')
  t.match(markdown, '> Warning: the generator was busy.')
})

t.test('every plot is well-formed SVG without a figure that is none', async (t) => {
  const plots = plotsOf(results(...SIZES))
  t.equal(plots.length, 7)
  for (const { name, svg } of plots) {
    t.ok(isWellFormed(svg), name)
    t.notMatch(svg, /NaN|Infinity|undefined/, name)
    t.match(svg, '<polyline', name)
  }
})

t.test('one size alone has no plot of sizes', async (t) => {
  t.same(
    plotsOf(results(scenarioResult(1))).map(({ name }) => name),
    ['embedded-collections-1000-latency', 'embedded-collections-1000-throughput'],
  )
})

t.test('signs that mean something in SVG are written as text', async (t) => {
  const axis = { label: 'a < b', kind: 'linear' as const, ticks: [0, 1], format: String }
  const svg = toSvg({ title: '"A" & <B>', x: axis, y: axis, series: [{ name: "it's", runs: [[[0, 1]]] }] })
  t.ok(isWellFormed(svg))
  t.match(svg, '&quot;A&quot; &amp; &lt;B&gt;')
})

t.test(
  'a chart puts its least value at the left and bottom and its greatest at the right and top',
  async (t) => {
    const axis = { label: '', kind: 'log' as const, ticks: [1, 10, 100], format: String }
    const svg = toSvg({
      title: '',
      x: axis,
      y: axis,
      series: [
        {
          name: '',
          runs: [
            [
              [1, 1],
              [10, 10],
              [100, 100],
            ],
          ],
        },
      ],
    })
    const [, points = ''] = /points="([^"]+)"/.exec(svg) ?? []
    const [[left, bottom], [x, y], [right, top]] = points
      .split(' ')
      .map((point) => point.split(',').map(Number)) as [[number, number], [number, number], [number, number]]
    t.ok(left < x && x < right && bottom > y && y > top)
    t.ok(Math.abs(x - (left + right) / 2) < 0.2, 'ten is half way from 1 to 100 by logarithm')
  },
)

t.test('ticks are round numbers that take in the range', async (t) => {
  t.same(linearTicks(47_000), [0, 10_000, 20_000, 30_000, 40_000, 50_000])
  t.same(linearTicks(0), [0, 1])
  t.same(logTicks(1000, 10_000_000), [1000, 10_000, 100_000, 1_000_000, 10_000_000])
  t.same(logTicks(130, 900), [100, 200, 500, 1000])
})

t.test('the columns of a Markdown table stand under each other, and a bar is escaped', async (t) => {
  const table = markdownTable({
    head: ['a', 'b'],
    rows: [
      ['longer', '1'],
      ['x|y', '22'],
    ],
  })
  const lines = table.split('\n')
  t.equal(new Set(lines.map((line) => line.length)).size, 1)
  t.match(table, 'x\\|y')
})
