import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { holdInMemory } from '../dist/data/hold-in-memory.js'

const SIZE = 2 ** 22
const file = join(t.testdir({ 'data.mdb': Buffer.alloc(SIZE, 1) }), 'data.mdb')
const canLock = spawnSync('vmtouch', ['-h']).error === undefined

t.test('where vmtouch is not installed, a file is read and no more', async (t) => {
  const { PATH } = process.env
  process.env['PATH'] = ''
  t.teardown(() => {
    process.env['PATH'] = PATH
  })
  const told: string[] = []
  const release = await holdInMemory(file, (text) => told.push(text))
  await release()
  t.strictSame(told, [])
})

t.test(
  'where it is, the file is locked until it is released',
  { skip: canLock ? false : 'vmtouch is not installed' },
  async (t) => {
    const told: string[] = []
    const release = await holdInMemory(file, (text) => told.push(text))
    t.strictSame(told, [`${file} is locked in memory`])
    await release()
    await release()
  },
)
