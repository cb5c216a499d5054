/*
 * Holds the hot path of this checkout against that of an earlier commit, the one that .ci/reference names: both are built, and loaded in
 * turns on this machine. Fails where a request costs more CPU than floors-reference.json allows. Then once more with 15 % more work on
 * purpose in each request, which has to fail: a gate that would not tell guards nothing.
 *
 *   node .ci/check-hot-path.mjs      this checkout is built already
 *
 * A clone without that commit (a shallow one) asks its origin for it. Where that cannot give it either, this build is held against itself:
 * then only the second part tells something, and the end says so.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const floors = join(root, 'apps/photos-bench/floors-reference.json')
const FLOOR_MISSED = 1

const run = (command, args, options) =>
  spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options }).status

/** Whether the directory has the built service of that commit now. */
function buildReference(directory, commit) {
  const known = () => run('git', ['cat-file', '-e', `${commit}^{commit}`], { stdio: 'ignore' }) === 0
  if (!known()) run('git', ['fetch', '--depth', '1', 'origin', commit])
  if (!known()) return false
  const at = { cwd: directory }
  const steps = [
    () => run('git', ['worktree', 'add', '--detach', '--force', directory, commit]),
    () => run('npx', ['pnpm@10', 'install', '--frozen-lockfile'], at),
    () =>
      run(
        'npx',
        ['pnpm@10', 'exec', 'turbo', 'run', 'build', '--filter=photos-api', '--output-logs=errors-only'],
        at,
      ),
  ]
  if (!steps.every((step) => step() === 0)) throw new Error(`commit ${commit} could not be built`)
  return true
}

const gate = (reference, ...more) =>
  run('npx', ['pnpm@10', 'bench', 'gate', '--short', '--floors', floors, ...more], {
    env: { ...process.env, BENCH_REFERENCE: reference },
  })

const [commit] = (await readFile(join(import.meta.dirname, 'reference'), 'utf8')).trim().split(/\s+/)
const directory = await mkdtemp(join(tmpdir(), 'photos-reference-'))
try {
  const hasReference = buildReference(directory, commit)
  const held = gate(hasReference ? directory : '')
  console.log('\nOnce more with 15 % more work in each request: the gate has to say FAILED.')
  const slowed = gate('', '--slow-down', '0.15')
  if (held === 0) {
    const against = hasReference
      ? `that of ${commit}`
      : `itself only: this clone and its origin lack commit ${commit}`
    console.log(`The hot path was held against ${against}.`)
  }
  if (slowed !== FLOOR_MISSED) console.log('FAILED: the gate did not find 15 % more work in each request')
  process.exitCode = held === 0 && slowed === FLOOR_MISSED ? 0 : 1
} finally {
  run('git', ['worktree', 'remove', '--force', directory], { stdio: 'ignore' })
  await rm(directory, { recursive: true, force: true })
}
