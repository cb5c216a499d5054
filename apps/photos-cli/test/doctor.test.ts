import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Diagnosis } from '../dist/doctor/diagnosis.js'
import { lmdb, run, type StartOptions } from './support.js'

t.beforeEach((t) => {
  t.testdir()
})

/** What `photos doctor --json` finds. */
async function diagnose(t: Test, args: string[] = [], options?: StartOptions) {
  const { code, stdout } = await run(t, ['doctor', '--json', ...args], options)
  return { code, diagnosis: JSON.parse(stdout) as Diagnosis, text: stdout }
}

const variable = ({ configuration }: Diagnosis, wanted: string) =>
  configuration.find(({ name }) => name === wanted)

/** A port of this machine where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

t.test('where nothing is configured and nothing is there all is well, and nothing is made', async (t) => {
  const { code, diagnosis } = await diagnose(t)
  t.equal(code, 0)
  t.match(diagnosis, {
    ok: true,
    problems: [],
    store: { location: lmdb(t, 'data'), state: 'absent' },
    machine: { node: process.version },
  })
  t.ok((diagnosis.store?.disk?.freeBytes ?? 0) > 0)
  t.match(variable(diagnosis, 'PORT'), { value: '3000', from: 'default' })
  t.strictSame(await readdir(t.testdirName), [])
})

t.test('it says what is configured and where, without passwords', async (t) => {
  t.testdir({ '.env': 'PORT=4000\nHOST=0.0.0.0\n' })
  const env = { PORT: '5000', COUCHDB_URL: `http://app:s3cret@127.0.0.1:${await closedPort()}/photos` }
  const { diagnosis, text } = await diagnose(t, ['--store', lmdb(t, 'data')], { env })
  t.match(variable(diagnosis, 'PORT'), { value: '5000', from: 'environment' })
  t.match(variable(diagnosis, 'HOST'), { value: '0.0.0.0', from: '.env' })
  t.match(variable(diagnosis, 'COUCHDB_URL'), { value: /^http:\/\/app:\*{4}@/, from: 'environment' })
  t.notMatch(text, 's3cret')
  const table = await run(t, ['doctor', '--store', lmdb(t, 'data')], { env })
  t.match(table.stdout, /^ {2}PORT +5000 +environment$/m)
  t.notMatch(table.stdout + table.stderr, 's3cret')
})

t.test('it says how full a store is', async (t) => {
  const store = lmdb(t, 'data')
  await run(t, ['seed', '-n', '300', '--store', store])
  const { code, diagnosis } = await diagnose(t)
  t.equal(code, 0)
  t.match(diagnosis.store, { state: 'ready', status: { workspaces: 300, engine: /lmdb/i } })
  t.ok((diagnosis.store?.status?.bytes ?? 0) > 300 * 900)
  const table = await run(t, ['doctor'])
  t.match(table.stdout, /^ {2}workspaces +300$/m)
  t.match(table.stdout, /\nAll is well\.\n$/)
})

t.test('a configuration that the service would refuse is a problem', async (t) => {
  const env = { PORT: 'http', PHOTOS_CASHE: 'on' }
  const { code, diagnosis } = await diagnose(t, [], { env })
  t.equal(code, 1)
  t.match(diagnosis, { ok: false, problems: [/PORT.*PHOTOS_CASHE/] })
  t.notOk(diagnosis.store)
  const table = await run(t, ['doctor'], { env })
  t.match(table, { code: 1, stdout: /^PROBLEM {2}configuration: .*PORT/m })
})

t.test('a directory that cannot be made is a problem', async (t) => {
  const dir = t.testdir({ file: '' })
  const { code, diagnosis } = await diagnose(t, ['--store', lmdb(t, 'file/data')])
  t.equal(code, 1)
  t.match(diagnosis, { problems: [`${join(dir, 'file')} is not a directory`] })
})

t.test('a database that does not answer is a problem', async (t) => {
  const store = `http://app:s3cret@127.0.0.1:${await closedPort()}/photos`
  const { code, diagnosis, text } = await diagnose(t, ['--store', store])
  t.equal(code, 1)
  t.match(diagnosis, { ok: false, store: { state: 'unreachable' } })
  t.match(diagnosis.problems, [/^http:\/\/app:\*{4}@127\.0\.0\.1:\d+\/photos: /])
  t.notMatch(text, 's3cret')
})
