import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { canMeasureProcesses, cpuUsage, memoryUsage } from '../dist/machine/process-usage.js'

t.test('what processes use', { skip: canMeasureProcesses ? false : 'only Linux tells' }, async (t) => {
  t.test('the CPU time of a process is what the process itself says', async (t) => {
    const end = performance.now() + 200
    while (performance.now() < end);
    const { user, system } = process.cpuUsage()
    const own = (user + system) / 1e6
    const { busySeconds, waitingSeconds } = cpuUsage([process.pid])
    t.ok(busySeconds > 0)
    t.ok(Math.abs(busySeconds - own) < 0.1, `${busySeconds} s, and ${own} s by its own account`)
    t.ok(waitingSeconds >= 0)
  })

  t.test('the memory of a process is split into its own and that of mapped files', async (t) => {
    const before = memoryUsage([process.pid])
    const held = Buffer.alloc(64e6, 1)
    const after = memoryUsage([process.pid])
    t.ok(after.anonymousBytes - before.anonymousBytes > 50e6)
    t.ok(after.fileBytes - before.fileBytes < 10e6)
    t.ok(after.fileBytes > 1e6)
    t.equal(held.length, 64e6)
  })

  t.test('the processes that a process started, and those that they started, count with it', async (t) => {
    const grandchild = `const held = Buffer.alloc(96e6, 1); console.log(held.length); setInterval(() => {}, 1000)`
    const child = `require('node:child_process').spawn(process.execPath, ['-e', process.argv[1]], { stdio: 'inherit' })`
    const root = spawn(process.execPath, ['-e', child, grandchild], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    t.teardown(() => process.kill(-(root.pid ?? 0), 'SIGKILL'))
    await once(root.stdout, 'data')
    t.ok(memoryUsage([root.pid ?? 0]).anonymousBytes > 96e6)
    t.ok(memoryUsage([process.pid]).anonymousBytes > memoryUsage([root.pid ?? 0]).anonymousBytes)
  })

  t.test('a process that has gone uses nothing', async (t) => {
    const gone = spawn('true')
    await once(gone, 'exit')
    t.same(memoryUsage([gone.pid ?? 0]), { anonymousBytes: 0, fileBytes: 0 })
    t.same(cpuUsage([gone.pid ?? 0]), { busySeconds: 0, waitingSeconds: 0, majorFaults: 0 })
  })
})
