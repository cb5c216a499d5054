import { execFile } from 'node:child_process'
import { readdir, readFile, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { promisify } from 'node:util'
import t from 'tap'
import { NdjsonChunks } from '../dist/export/chunks.js'
import { fileOutput, standardOutput } from '../dist/export/output.js'

const never = new AbortController().signal

t.test('chunks are whole lines, whatever the size of the photos', async (t) => {
  const chunks = new NdjsonChunks()
  const sizes = [2, 1000, 200_000, 300_000, 5, 1_000_000, 7]
  let text = ''
  let taken = ''
  for (const [index, size] of sizes.entries()) {
    const photos = Buffer.alloc(size, String(index))
    chunks.add(`w${index}`, photos)
    text += `{"workspaceId":"w${index}","photos":${photos}}\n`
    if (chunks.ready) taken += chunks.take().toString()
    t.ok(taken === '' || taken.endsWith('}\n'))
  }
  taken += chunks.take().toString()
  t.equal(taken, text)
  t.equal(chunks.take().length, 0)
})

t.test('a chunk that was taken is not written to again', async (t) => {
  const chunks = new NdjsonChunks()
  chunks.add('a', Buffer.from('[]'))
  const first = chunks.take()
  chunks.add('b', Buffer.from('[]'))
  t.equal(first.toString(), '{"workspaceId":"a","photos":[]}\n')
})

t.test('a file has its name only once it is complete', async (t) => {
  const dir = t.testdir({ 'all.ndjson': 'older' })
  const path = join(dir, 'all.ndjson')
  const output = await fileOutput(path)
  await output.write(Buffer.from('new'))
  t.equal(await readFile(path, 'utf8'), 'older')
  await output.complete()
  t.equal(await readFile(path, 'utf8'), 'new')
  t.strictSame(await readdir(dir), ['all.ndjson'])
})

t.test('of a file that will not be complete the beginning is kept under another name', async (t) => {
  const dir = t.testdir({ 'all.ndjson': 'older' })
  const output = await fileOutput(join(dir, 'all.ndjson'))
  await output.write(Buffer.from('beginning'))
  const kept = await output.abandon()
  t.equal(await readFile(kept ?? '', 'utf8'), 'beginning')
  t.equal(await readFile(join(dir, 'all.ndjson'), 'utf8'), 'older')
})

t.test('where nothing was written nothing is left behind', async (t) => {
  const dir = t.testdir()
  const output = await fileOutput(join(dir, 'all.ndjson'))
  t.equal(await output.abandon(), undefined)
  t.strictSame(await readdir(dir), [])
})

t.test('a link keeps being one; the file that it names is replaced', async (t) => {
  const dir = t.testdir({ 'real.ndjson': 'older' })
  await symlink('real.ndjson', join(dir, 'link.ndjson'))
  const output = await fileOutput(join(dir, 'link.ndjson'))
  await output.write(Buffer.from('new'))
  await output.complete()
  t.equal(await readFile(join(dir, 'real.ndjson'), 'utf8'), 'new')
  t.strictSame(await readdir(dir), ['link.ndjson', 'real.ndjson'])
})

t.test('what is no regular file, such as a named pipe, is written to in its place', async (t) => {
  const path = join(t.testdir(), 'pipe')
  await promisify(execFile)('mkfifo', [path])
  const read = readFile(path, 'utf8')
  const output = await fileOutput(path)
  await output.write(Buffer.from('through'))
  await output.complete()
  t.equal(await read, 'through')
  t.ok((await stat(path)).isFIFO())
})

t.test('a directory that is not there is an error of the system', async (t) => {
  await t.rejects(fileOutput(join(t.testdir(), 'missing', 'all.ndjson')), { code: 'ENOENT' })
  const file = join(t.testdir({ file: '' }), 'file')
  await t.rejects(fileOutput(join(file, 'all.ndjson')), { code: 'ENOTDIR' })
})

t.test('standard output waits for its reader', async (t) => {
  const stream = new PassThrough({ highWaterMark: 10 })
  const output = standardOutput(never, stream)
  let written = false
  const writing = output.write(Buffer.alloc(20)).then(() => {
    written = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  t.notOk(written)
  stream.read()
  await writing
  t.ok(written)
})

t.test('an abort ends the waiting for a reader', async (t) => {
  const controller = new AbortController()
  const stream = new PassThrough({ highWaterMark: 10 })
  const writing = standardOutput(controller.signal, stream).write(Buffer.alloc(20))
  controller.abort()
  await t.resolves(writing)
})

t.test('a reader that goes away ends it with an exit code and nothing to say', async (t) => {
  const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' })
  const stream = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => done(gone) })
  await t.rejects(standardOutput(never, stream).write(Buffer.alloc(20)), { exitCode: 141, message: '' })
})

t.test('another failure of standard output is told', async (t) => {
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write' })
  const stream = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => done(full) })
  await t.rejects(standardOutput(never, stream).write(Buffer.alloc(20)), { message: 'no space' })
})
