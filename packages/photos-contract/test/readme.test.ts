import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)

t.test('the examples of the README run as they stand', async (t) => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const examples = [...readme.matchAll(/^```js\n(import [\s\S]*?)^```$/gm)].map(([, code = '']) => code)
  t.equal(examples.length, 2, 'there are two')
  for (const [at, code] of examples.entries()) {
    // Beside the tests, where Node finds the packages that they import.
    const file = new URL(`./readme-example-${at}.mjs`, import.meta.url)
    await writeFile(file, code)
    t.teardown(() => rm(file))
    // A test of its own: it is not to report to the runner of this one.
    const env = { PATH: process.env['PATH'] }
    await t.resolves(
      run(process.execPath, [fileURLToPath(file)], { env, maxBuffer: 2 ** 24 }),
      `example ${at + 1}`,
    )
  }
})
