import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { SetupError } from '../dist/errors.js'
import { cgroupPlaces } from '../dist/machine/cgroup-places.js'
import { CpuGroups } from '../dist/machine/cpu-groups.js'

const root = mkdtempSync(join(tmpdir(), 'bench-cgroups-'))
t.teardown(() => rmSync(root, { recursive: true }))

/** A directory in place of /proc/self, for a process in these groups of these mounts. */
function procDir(t: Test, mounts: readonly string[], memberships: readonly string[]): string {
  const dir = t.testdir({
    mountinfo: ['22 1 8:1 / / rw - ext4 /dev/sda1 rw', ...mounts, ''].join('\n'),
    cgroup: [...memberships, ''].join('\n'),
  })
  return dir
}

/** A directory in place of a mounted hierarchy, with what the kernel would have put there. */
function hierarchy(name: string, files: Readonly<Record<string, string>>): string {
  const dir = join(root, name)
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(dir, file, '..'), { recursive: true })
    writeFileSync(join(dir, file), text)
  }
  return dir
}

const v1Mount = (dir: string, mounted = '/'): string =>
  `30 22 0:26 ${mounted} ${dir} rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct`
const v2Mount = (dir: string, mounted = '/'): string => `31 22 0:27 ${mounted} ${dir} rw - cgroup2 cgroup2 rw`

const ownGroups = (dir: string): string[] =>
  readdirSync(dir).filter((name) => name.startsWith('photos-bench-'))

/** In a real hierarchy the files of a group are the kernel's and go with it. */
function asTheKernelRemoves(dir: string): void {
  for (const file of readdirSync(dir)) rmSync(join(dir, file))
}

t.test('in version 1 a group is made in the own group, and its quota is written period first', async (t) => {
  const dir = hierarchy('v1', { 'docker/a/cgroup.procs': '' })
  const groups = CpuGroups.open(procDir(t, [v1Mount(dir)], ['4:memory:/docker/a', '3:cpu,cpuacct:/docker/a']))
  t.equal(groups.version, 1)
  const group = groups.group('one')
  const [name = ''] = ownGroups(join(dir, 'docker/a'))
  const own = join(dir, 'docker/a', name)
  group.limit({ cores: 0.05, periodMs: 100 })
  t.equal(readFileSync(join(own, 'cpu.cfs_period_us'), 'utf8'), '100000')
  t.equal(readFileSync(join(own, 'cpu.cfs_quota_us'), 'utf8'), '5000')
  group.unlimit()
  t.equal(readFileSync(join(own, 'cpu.cfs_quota_us'), 'utf8'), '-1')
  asTheKernelRemoves(own)
  groups.close()
  t.same(ownGroups(join(dir, 'docker/a')), [])
})

t.test('in version 2 the cpu controller is given to the children, and the quota is one line', async (t) => {
  const dir = hierarchy('v2', {
    'cgroup.controllers': 'cpuset cpu memory',
    'cgroup.subtree_control': 'memory',
  })
  const groups = CpuGroups.open(procDir(t, [v2Mount(dir)], ['0::/']))
  t.equal(groups.version, 2)
  t.equal(readFileSync(join(dir, 'cgroup.subtree_control'), 'utf8'), '+cpu')
  const group = groups.group('one')
  const [name = ''] = ownGroups(dir)
  group.limit({ cores: 0.1, periodMs: 50 })
  t.equal(readFileSync(join(dir, name, 'cpu.max'), 'utf8'), '5000 50000')
  group.unlimit()
  t.equal(readFileSync(join(dir, name, 'cpu.max'), 'utf8'), 'max')
  asTheKernelRemoves(join(dir, name))
  groups.close()
  t.notOk(existsSync(join(dir, name)))
})

t.test(
  'in version 2 a group that may have no children with quotas is passed over for its parent',
  async (t) => {
    const dir = hierarchy('v2-session', {
      'user/cgroup.controllers': 'cpu memory',
      'user/cgroup.subtree_control': 'cpu memory',
      'user/session/cgroup.controllers': 'cpu memory',
      // The kernel refuses to write here while the group holds processes; a directory refuses likewise.
      'user/session/cgroup.subtree_control/busy': '',
    })
    const groups = CpuGroups.open(procDir(t, [v2Mount(dir)], ['0::/user/session']))
    groups.group('one')
    t.equal(ownGroups(join(dir, 'user')).length, 1)
    groups.close()
    t.same(ownGroups(join(dir, 'user')), [])
  },
)

t.test('of both versions, the one that has the cpu controller is taken', async (t) => {
  const unified = hierarchy('hybrid-v2', { 'cgroup.controllers': 'hugetlb', 'cgroup.subtree_control': '' })
  const cpu = hierarchy('hybrid-v1', { 'cgroup.procs': '' })
  const groups = CpuGroups.open(procDir(t, [v1Mount(cpu), v2Mount(unified)], ['1:cpu:/', '0::/']))
  t.equal(groups.version, 1)
  groups.close()
})

t.test('where no group may be made, one line says why of each place', async (t) => {
  const unified = hierarchy('refused-v2', { 'cgroup.controllers': 'memory', 'cgroup.subtree_control': '' })
  const missing = join(root, 'not-there')
  const refused = (proc: string): string => {
    try {
      CpuGroups.open(proc)
      return 'nothing'
    } catch (error) {
      t.ok(error instanceof SetupError)
      return error instanceof Error ? error.message : ''
    }
  }
  const both = refused(procDir(t, [v2Mount(unified), v1Mount(missing)], ['0::/', '1:cpu:/']))
  t.match(both, /refused-v2 \(version 2\): it has no cpu controller; .*not-there \(version 1\): ENOENT/)
  t.notMatch(both, '\n')
  t.match(refused(join(root, 'no-proc')), /none with a cpu controller is mounted/)
})

t.test("a container's own group is found though its path counts from the host's", async (t) => {
  const proc = procDir(t, [v1Mount('/mnt/with\\040space', '/docker/a')], ['1:cpu:/docker/a/b'])
  t.same(cgroupPlaces(proc), [{ version: 1, dir: '/mnt/with space/b' }])
})

t.test('what a killed run has left is removed, and what runs in it ended; what lives stays', async (t) => {
  const dir = hierarchy('abandoned', { 'cgroup.procs': '' })
  const left = spawn('sleep', ['60'])
  const gone = spawn('true')
  await new Promise((resolve) => gone.once('exit', resolve))
  const abandoned = join(dir, `photos-bench-${gone.pid}-replica-1`)
  const living = join(dir, `photos-bench-${process.pid}-replica-1`)
  mkdirSync(abandoned)
  mkdirSync(living)
  const ended = new Promise((resolve) => left.once('exit', (_code, signal) => resolve(signal)))
  // The files of a real group go with it; here they are in the way, and say so.
  writeFileSync(join(abandoned, 'cgroup.procs'), `${left.pid}\n`)
  t.throws(() => CpuGroups.open(procDir(t, [v1Mount(dir)], ['1:cpu:/'])), { code: 'ENOTEMPTY' })
  t.equal(await ended, 'SIGKILL')
  rmSync(join(abandoned, 'cgroup.procs'))
  CpuGroups.open(procDir(t, [v1Mount(dir)], ['1:cpu:/'])).close()
  t.notOk(existsSync(abandoned))
  t.ok(existsSync(living))
})
