import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseCommandLine } from '../dist/commands/options.js'
import { scaleCommand } from '../dist/commands/scale.js'
import { cgroupPlaces } from '../dist/machine/cgroup-places.js'
import { CpuGroups } from '../dist/machine/cpu-groups.js'
import type { ScaleResults } from '../dist/scale/result.js'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const dir = await mkdtemp(join(tmpdir(), 'bench-scale-test-'))
/** Enough of a core that a busy machine answers too; as little else as still is a run. */
const TINY = ['--replicas', '1,2', '--quota', '0.3', '--rounds', '1', '--slot-seconds', '0.4']
const SMALL = [...TINY, '--warmup-seconds', '0.5', '--workspaces', '1000', '--connections', '4']
const WHERE = ['--cache-dir', join(dir, 'cache'), '--out', join(dir, 'report')]

/** Over the embedded store, whatever CouchDB the tests have. */
const env = { ...process.env, COUCHDB_URL: '' }
const start = (...args: string[]) => spawn(process.execPath, [MAIN, 'scale', ...args], { env })

function mayLimit(): boolean {
  try {
    CpuGroups.open().close()
    return true
  } catch {
    return false
  }
}

/** The groups that any run has made. */
async function groupsLeft(pid: number | undefined): Promise<string[]> {
  const names = await Promise.all(cgroupPlaces().map(({ dir }) => readdir(dir).catch((): string[] => [])))
  return names.flat().filter((name) => name.startsWith(`photos-bench-${pid}-`))
}

const can = mayLimit()

t.test('without a right to control groups, one line says so', { skip: can }, async (t) => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'scale', ...SMALL, ...WHERE], {
    env,
    encoding: 'utf8',
  })
  t.equal(status, 2)
  t.match(stderr, /^a CPU quota needs Linux's control groups, and none may be made here: .*\n$/)
})

t.test('real replicas behind a real NGINX are held, measured and reported', { skip: !can }, async (t) => {
  const run = start(...SMALL, ...WHERE)
  let stderr = ''
  run.stderr.on('data', (chunk) => (stderr += chunk))
  run.stdout.resume()
  const [code] = await once(run, 'close')
  // What so short a run reaches says nothing, but its answers are right.
  t.ok(code === 0 || code === 1, `exit code ${code}: ${stderr}`)
  const results: ScaleResults = JSON.parse(await readFile(join(dir, 'report', 'results.json'), 'utf8'))
  t.match(results.verification, { wrong: 0, errors: 0 })
  t.ok(results.verification.checked > 0)
  t.equal(results.rows.length, 10)
  for (const { setup, quotaUsed } of results.slots)
    t.ok(quotaUsed > 0 && quotaUsed < 3, `${setup}: ${quotaUsed}`)
  t.match(await readFile(join(dir, 'report', 'scaling.svg'), 'utf8'), /<svg .*<\/svg>/s)
  t.match(await readFile(join(dir, 'report', 'scaling.md'), 'utf8'), '| 2 replicas, microcache ')
  t.same(await groupsLeft(run.pid), [])
})

t.test('an interrupted run ends all processes and removes its groups', { skip: !can }, async (t) => {
  const run = start(...SMALL, '--slot-seconds', '60', ...WHERE)
  run.stdout.resume()
  const closed = once(run, 'close')
  await new Promise<void>((resolve) => {
    run.stderr.on('data', (chunk) => String(chunk).includes('warming') && resolve())
  })
  t.equal((await groupsLeft(run.pid)).length, 5)
  run.kill('SIGINT')
  const [code] = await closed
  t.equal(code, 130)
  t.same(await groupsLeft(run.pid), [])
})

t.test('a crash leaves neither groups nor what ran in them', { skip: !can }, async (t) => {
  const crash = `
    const { CpuGroups } = await import(process.argv[1])
    const { spawn } = await import('node:child_process')
    const held = spawn('sleep', ['60'])
    const group = CpuGroups.open().group('crash')
    group.add(held.pid)
    group.limit({ cores: 0.05, periodMs: 100 })
    throw new Error('crash')`
  const groups = new URL('../dist/machine/cpu-groups.js', import.meta.url).href
  const { status, pid } = spawnSync(process.execPath, ['--input-type=module', '-e', crash, groups], {
    encoding: 'utf8',
  })
  t.equal(status, 1)
  // A group in which something runs cannot be removed.
  t.same(await groupsLeft(pid), [])
})

t.test('scenarios are refused: it has a load of its own', async (t) => {
  const line = parseCommandLine(['embedded-photos'])
  await t.rejects(scaleCommand(line, new AbortController().signal), { message: 'scale takes options only' })
})
