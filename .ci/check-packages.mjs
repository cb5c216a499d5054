/*
 * Checks every package that others install, as it would be published: packs each, examines the tarballs, then installs them
 * together in an empty project outside the workspace, and uses them there from JavaScript and from TypeScript.
 *
 *   node .ci/check-packages.mjs [package ...]      all of them unless some are named; build them first
 *
 * A package takes part as soon as it is under packages/ and not private. It needs a use of its own in .ci/packages/use/, and
 * may have a file of types to check in .ci/packages/types/. Code of its README that is marked `file=name.ts` is checked
 * and run too, and what it prints is compared with the block marked `output=name.ts`.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkBundles } from './packages/bundles.mjs'
import { Checks } from './packages/checks.mjs'
import { checkConsumer } from './packages/consumer.mjs'
import { checkTarball, pack } from './packages/tarball.mjs'

const root = join(import.meta.dirname, '..')

async function publishablePackages(wanted) {
  const entries = await readdir(join(root, 'packages'), { withFileTypes: true })
  const packages = []
  for (const { name: folder } of entries.filter((entry) => entry.isDirectory())) {
    const directory = join(root, 'packages', folder)
    const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
    if (manifest.private === true) continue
    if (wanted.length === 0 || wanted.includes(manifest.name))
      packages.push({ name: manifest.name, directory })
  }
  const missing = wanted.filter((name) => !packages.some((it) => it.name === name))
  if (missing.length > 0) throw new Error(`no such publishable package: ${missing.join(', ')}`)
  if (packages.length === 0) throw new Error('there is no publishable package')
  return packages
}

const checks = new Checks()
const temporary = await mkdtemp(join(tmpdir(), 'photos-packages-'))
try {
  const packed = []
  for (const it of await publishablePackages(process.argv.slice(2))) {
    const tarball = await checks.run(`${it.name}: packs`, () => pack(it, temporary))
    if (tarball === undefined) continue
    packed.push(tarball)
    await checkTarball(checks, tarball)
  }
  const project = await checkConsumer(checks, packed, temporary)
  if (project !== undefined && packed.some(({ name }) => name === 'photos-domain'))
    await checkBundles(checks, project)
} finally {
  await rm(temporary, { recursive: true, force: true })
}
checks.summarize()
process.exitCode = checks.failed === 0 ? 0 : 1
