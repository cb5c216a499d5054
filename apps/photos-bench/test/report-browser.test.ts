import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { writeReport } from '../dist/report/write-report.js'
import { results, SCENARIO, scenarioResult } from './support/results.js'

/** A page that is read from a file is asked for nothing else, and neither does the browser ask for its own ends. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** A laptop and a telephone. */
const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
] as const

/** Several scenarios and sizes, long names, two controls, and everything that can be said of a run that went wrong. */
const REPORT = results(
  ...[10_000, 1_000_000, 10_000_000].map((workspaces) =>
    scenarioResult(0.9, {}, { ...SCENARIO, workspaces }),
  ),
  scenarioResult(
    0.7,
    {
      verification: {
        checked: 10,
        wrong: 1,
        errors: 1,
        wrongAnswers: [
          {
            subject: 'cached-warm',
            request: `GET /api/photos/workspace/${'w'.repeat(64)}`,
            problem: 'status 503 instead of 200',
          },
        ],
      },
      warnings: ['the load generator was busy 99 % of the time', '<b>not bold</b>'],
    },
    {
      ...SCENARIO,
      name: 'redis-cached-uniform-256',
      description:
        'A scenario with two controls & a description that takes more than one line of a telephone',
      target: 'cached-warm',
      controls: ['bare-fastify', 'original'],
      mix: { collection: 70, photo: 15, revalidate: 10, update: 3, add: 1, remove: 1 },
    },
  ),
)

const dir = await mkdtemp(join(tmpdir(), 'bench-browser-'))
t.teardown(() => rm(dir, { recursive: true, force: true }))
await writeReport(REPORT, dir)
const address = pathToFileURL(join(dir, 'report.html')).href

const executablePath = spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim()
if (executablePath === '') {
  throw new Error('this test needs chromium: sudo apt-get install chromium (or your system’s own)')
}
const browser: Browser = await chromium.launch({ executablePath, args: ARGS })
t.teardown(() => browser.close())
t.comment(`Chromium ${browser.version()}`)

/** The page as a person sees it, and all that it asked for and complained of. */
async function opened(
  t: Test,
  viewport: { readonly width: number; readonly height: number },
): Promise<{ readonly page: Page; readonly requests: string[]; readonly complaints: string[] }> {
  const page = await browser.newPage({ viewport })
  t.teardown(() => page.close())
  const requests: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(address)
  return { page, requests, complaints }
}

for (const viewport of SIZES) {
  t.test(`on a screen ${viewport.width} wide, all of the report is there and inside the page`, async (t) => {
    const { page, requests, complaints } = await opened(t, viewport)
    t.same(requests, [address], 'nothing is loaded but the page itself')
    t.same(complaints, [], 'the browser complains of nothing')
    const widthOf = (property: string): Promise<number> =>
      page.evaluate<number>(`document.documentElement.${property}`)
    t.equal(await widthOf('scrollWidth'), await widthOf('clientWidth'), 'the page does not scroll sideways')

    t.equal(await page.locator('table').count(), 1 + REPORT.scenarios.length)
    t.equal(await page.locator('svg').count(), 2 * REPORT.scenarios.length + 1)
    for (const selector of ['table', 'th', 'td', 'svg', 'h1', 'h2', 'p.warning']) {
      const empty = (await boxesOf(page, selector)).filter(({ width, height }) => !(width > 0 && height > 0))
      t.same(empty, [], `every ${selector} is laid out`)
    }
    const wide = { x: 0, y: 0, width: viewport.width, height: Number.POSITIVE_INFINITY }
    for (const selector of ['.scroll', 'figure', 'h1', 'h2', 'p', 'li']) {
      const outside = (await boxesOf(page, selector)).filter((box) => !isInside(box, wide))
      t.same(outside, [], `every ${selector} is inside the page`)
    }
  })
}

t.test(
  'the text of a plot can be read: it is inside the plot, not on other text, and not too small',
  async (t) => {
    const { page } = await opened(t, SIZES[1])
    const plots = await page.evaluate<
      { readonly frame: Box; readonly texts: readonly (Box & { text: string })[] }[]
    >(`
    const box = (part) => ({ ...part.getBoundingClientRect().toJSON(), text: part.textContent })
    const plots = [...document.querySelectorAll('svg')]
    plots.map((svg) => ({ frame: box(svg), texts: [...svg.querySelectorAll('text')].map(box) }))`)
    t.equal(plots.length, 2 * REPORT.scenarios.length + 1)
    for (const { frame, texts } of plots) {
      t.ok(texts.length > 5)
      const outside = texts.filter((text) => !isInside(text, frame))
      t.same(outside, [], 'inside the plot')
      t.same(
        texts.filter(({ height }) => height < LEAST_TEXT_HEIGHT),
        [],
        'large enough to be read',
      )
      const clashes = texts.flatMap((one, place) =>
        texts.slice(place + 1).flatMap((other) => (overlap(one, other) ? [[one.text, other.text]] : [])),
      )
      t.same(clashes, [], 'not on each other')
    }
  },
)

t.test('each scenario is reached from the list at the top', async (t) => {
  const { page } = await opened(t, SIZES[0])
  const links = await page.locator('nav a').all()
  t.equal(links.length, REPORT.scenarios.length)
  for (const link of links) {
    await link.click()
    t.equal(await page.locator(':target h2').textContent(), await link.textContent())
  }
})

t.test('what a result says is shown as text, never as markup', async (t) => {
  const { page } = await opened(t, SIZES[0])
  t.equal(await page.getByText('<b>not bold</b>').count(), 1)
})

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

function boxesOf(page: Page, selector: string): Promise<Box[]> {
  return page.evaluate<Box[]>(
    `[...document.querySelectorAll('${selector}')].map((part) => part.getBoundingClientRect().toJSON())`,
  )
}

/** Half a pixel is rounding. */
const ROUNDING = 0.5

/** Pixels; the text of a plot is scaled with it. */
const LEAST_TEXT_HEIGHT = 10

const isInside = (inner: Box, outer: Box): boolean =>
  inner.x >= outer.x - ROUNDING &&
  inner.y >= outer.y - ROUNDING &&
  inner.x + inner.width <= outer.x + outer.width + ROUNDING &&
  inner.y + inner.height <= outer.y + outer.height + ROUNDING

const overlap = (one: Box, other: Box): boolean =>
  one.x + ROUNDING < other.x + other.width &&
  other.x + ROUNDING < one.x + one.width &&
  one.y + ROUNDING < other.y + other.height &&
  other.y + ROUNDING < one.y + one.height
