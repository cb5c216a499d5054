import { mkdir, readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize, relative } from 'node:path'
import { requireTool, run, runPnpm, runTool } from './commands.mjs'

const typescript = requireTool('typescript')

/** Packs a package and unpacks the tarball beside it, so that its content can be looked at. */
export async function pack({ name, directory }, temporary) {
  const destination = join(temporary, 'tarballs', name)
  await mkdir(destination, { recursive: true })
  await runPnpm(['pack', '--pack-destination', destination], { cwd: directory })
  const [file] = await readdir(destination)
  if (file === undefined) throw new Error('pnpm pack made no tarball')
  const content = join(temporary, 'unpacked', name)
  await mkdir(content, { recursive: true })
  await run('tar', ['-xzf', join(destination, file), '-C', content, '--strip-components=1'], {
    cwd: temporary,
  })
  const manifest = JSON.parse(await readFile(join(content, 'package.json'), 'utf8'))
  return { name, path: join(destination, file), content, manifest }
}

/** Checks what is in a tarball, without installing it. */
export async function checkTarball(checks, tarball) {
  const { name, path, content } = tarball
  const entries = await readdir(content, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(content, join(entry.parentPath, entry.name)))

  await checks.run(`${name}: has its files, README and licence, and no others`, () => checkFiles(files))
  await checks.run(`${name}: depends on versions that a registry has`, () => checkRanges(tarball.manifest))
  await checks.run(`${name}: imports only what it depends on`, () =>
    checkImports(content, files, tarball.manifest),
  )
  await checks.run(`${name}: source maps find their sources`, () => checkSourceMaps(content, files))
  await checks.run(`${name}: publint`, () => runTool('publint', ['--strict', path], { cwd: content }))
  await checks.run(`${name}: are the types wrong?`, () =>
    runTool('attw', ['--profile', 'esm-only', '--no-color', '--no-emoji', path], { cwd: content }),
  )
}

const BUILT = /^dist[/\\].+\.(js|d\.ts|js\.map|d\.ts\.map)$/

function checkFiles(files) {
  const expected = ['LICENSE', 'README.md', 'package.json']
  const missing = [...expected, join('dist', 'index.js'), join('dist', 'index.d.ts')].filter(
    (file) => !files.includes(file),
  )
  const others = files.filter((file) => !expected.includes(file) && !BUILT.test(file))
  const faults = [
    ...missing.map((file) => `is missing: ${file}`),
    ...others.map((file) => `is of no use to those who install it: ${file}`),
  ]
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

function checkRanges({ dependencies = {}, peerDependencies = {}, optionalDependencies = {} }) {
  const all = Object.entries({ ...dependencies, ...peerDependencies, ...optionalDependencies })
  const wrong = all.filter(([, range]) => !/^[\^~]?\d+\.\d+\.\d+$/.test(range))
  if (wrong.length > 0) throw new Error(wrong.map(([name, range]) => `${name}: ${range}`).join('\n'))
}

/** What the code and the declarations import, and what they augment, must come with the package. */
async function checkImports(content, files, { name, dependencies = {}, peerDependencies = {} }) {
  const allowed = new Set([name, ...Object.keys(dependencies), ...Object.keys(peerDependencies)])
  const faults = new Set()
  for (const file of files.filter((it) => /\.(js|d\.ts)$/.test(it))) {
    const code = await readFile(join(content, file), 'utf8')
    const { importedFiles, ambientExternalModules = [] } = typescript.preProcessFile(code, true, true)
    for (const specifier of [...importedFiles.map(({ fileName }) => fileName), ...ambientExternalModules]) {
      if (/^(\.|node:)/.test(specifier)) continue
      const imported = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
      if (!allowed.has(imported)) faults.add(`${file} uses ${imported}, on which the package does not depend`)
    }
  }
  if (faults.size > 0) throw new Error([...faults].join('\n'))
}

async function checkSourceMaps(content, files) {
  const lost = []
  for (const file of files.filter((it) => it.endsWith('.map'))) {
    const { sources, sourcesContent = [] } = JSON.parse(await readFile(join(content, file), 'utf8'))
    const isThere = (source, index) =>
      typeof sourcesContent[index] === 'string' || files.includes(normalize(join(dirname(file), source)))
    if (!sources.every(isThere)) lost.push(file)
  }
  if (lost.length > 0) {
    throw new Error(`neither the maps nor the tarball have the sources of: ${lost.join(', ')}`)
  }
}
