import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Results } from '../dist/run/result.js'
import { results, scenarioResult } from './support/results.js'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const dir = await mkdtemp(join(tmpdir(), 'bench-test-'))
/** As little as still is a run: 1,000 workspaces, two slots of the service. */
const SHORTEST = ['--rounds', '2', '--slot-seconds', '0.3', '--warmup-seconds', '0.2', '--workspaces', '1000']
const CACHE = ['--cache-dir', join(dir, 'cache')]

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const start = (...args: string[]) =>
  spawn(process.execPath, [MAIN, ...args], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })

async function bench(...args: string[]): Promise<Ended> {
  const child = start(...args)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}

async function saved(name: string, run: Results): Promise<string> {
  const file = join(dir, name)
  await writeFile(file, JSON.stringify(run))
  return file
}

t.test('the real service is measured against the control from an empty directory', async (t) => {
  const out = join(dir, 'report')
  const { code, stdout, stderr } = await bench(
    'embedded-collections',
    'embedded-photos',
    ...SHORTEST,
    ...CACHE,
    '--out',
    out,
  )
  t.equal(code, 0, stderr)
  t.match(stdout, /## embedded-collections[\s\S]*## embedded-photos/)
  const run: Results = JSON.parse(await readFile(join(out, 'results.json'), 'utf8'))
  t.equal(run.scenarios.length, 2)
  for (const { scenario, slots, verification, ratios } of run.scenarios) {
    t.same(
      slots.map(({ subject }) => subject),
      ['bare-fastify', 'embedded', 'bare-fastify', 'embedded', 'bare-fastify'],
      scenario.name,
    )
    t.match(verification, { wrong: 0, errors: 0 })
    t.ok(verification.checked > 0)
    t.ok(ratios.some(({ metric }) => metric === 'requestsPerSecond'))
  }
})

t.test('a scenario that writes leaves the seeded store as it was for the next run', async (t) => {
  const mixed = await bench('embedded-zipf-mixed', ...SHORTEST, ...CACHE, '--out', join(dir, 'mixed'))
  t.equal(mixed.code, 0, mixed.stderr)
  const run: Results = JSON.parse(await readFile(join(dir, 'mixed', 'results.json'), 'utf8'))
  t.ok(
    run.scenarios[0]?.slots.some(({ statuses }) => (statuses['201'] ?? 0) > 0),
    'photos were added',
  )
  const reads = await bench('embedded-collections', ...SHORTEST, ...CACHE, '--out', join(dir, 'reads'))
  t.equal(reads.code, 0, reads.stdout)
})

t.test('a gate measures, and fails where a floor is missed', async (t) => {
  const floor = {
    scenario: 'embedded-revalidation',
    control: 'bare-fastify',
    metric: 'requestsPerSecond',
    reason: 'No service is a thousand times as fast as its control',
  }
  const short = { workspaces: 1000, rounds: 1, slotSeconds: 0.3, warmupSeconds: 0 }
  const floors = async (atLeast: number): Promise<string> => {
    const file = join(dir, `floors-${atLeast}.json`)
    await writeFile(file, JSON.stringify({ short, floors: [{ ...floor, atLeast }] }))
    return file
  }
  const gate = (file: string): Promise<Ended> =>
    bench('gate', '--short', '--floors', file, ...CACHE, '--out', join(dir, 'gate'))
  const passed = await gate(await floors(0.0001))
  t.equal(passed.code, 0, passed.stderr)
  const failed = await gate(await floors(1000))
  t.equal(failed.code, 1)
  t.match(failed.stdout, /FAILED embedded-revalidation.*a thousand times/)
})

t.test('a gate judges earlier results, and those of wrong answers are invalid', async (t) => {
  const fine = scenarioResult(0.95)
  const floors = join(dir, 'one-floor.json')
  await writeFile(
    floors,
    JSON.stringify({
      short: { workspaces: 1, rounds: 1, slotSeconds: 1, warmupSeconds: 0 },
      floors: [
        {
          scenario: 'embedded-collections',
          control: 'bare-fastify',
          metric: 'requestsPerSecond',
          atLeast: 0.9,
          reason: 'What the test wants to see',
        },
      ],
    }),
  )
  const judge = async (name: string, run: Results): Promise<number | null> =>
    (await bench('gate', await saved(name, run), '--floors', floors)).code
  t.equal(await judge('fine.json', results(fine)), 0)
  t.equal(await judge('slow.json', results(scenarioResult(0.85))), 1)
  const verification = { checked: 1, wrong: 1, errors: 0, wrongAnswers: [] }
  t.equal(await judge('wrong.json', results({ ...fine, verification })), 3)
})

t.test('a comparison fails where something got worse', async (t) => {
  const before = await saved('before.json', results(scenarioResult(0.95)))
  const after = await saved('after.json', results(scenarioResult(0.8)))
  t.match(await bench('compare', before, before), { code: 0, stdout: /Nothing changed beyond the noise/ })
  t.match(await bench('compare', before, after), { code: 1, stdout: /0 better, 2 worse/ })
  t.match(await bench('compare', after, before), { code: 0, stdout: /2 better, 0 worse/ })
})

t.test('a mistake is told in a line, with exit code 2', async (t) => {
  const { code, stderr } = await bench('run', 'nothing')
  t.equal(code, 2)
  t.match(stderr, /^there is no scenario nothing; there are /)
  t.notMatch(stderr, /\n\s+at /, 'no stack trace')
})

t.test('help and the list of scenarios are there', async (t) => {
  t.match(await bench('--help'), { code: 0, stdout: /^usage: bench/ })
  t.match(await bench('list'), { code: 0, stdout: /embedded-collections\n/ })
})

t.test('an interrupted run ends, and everything it started with it', async (t) => {
  const child = start('embedded-collections', ...SHORTEST, '--slot-seconds', '60', ...CACHE)
  const closed = once(child, 'close')
  // By then the service and the control are running.
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk) => String(chunk).includes('warming embedded up') && resolve())
  })
  child.kill('SIGINT')
  const [code] = await closed
  t.equal(code, 130)
  t.same(await processesIn(join(dir, 'cache')), [])
})

/** The processes whose environment names a directory. */
async function processesIn(path: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const environments = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')),
  )
  return pids.filter((_, place) => environments[place]?.includes(`PHOTOS_DATA_DIR=${path}`))
}
