import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run, runNode, toolsDirectory } from './commands.mjs'
import { examplesIn } from './readme.mjs'

/** The newest TypeScript, installed beside the one of the workspace. */
const NEWEST_TYPESCRIPT = '7.0.2'
const MODULE_RESOLUTIONS = [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'node16', moduleResolution: 'node16' },
  { module: 'esnext', moduleResolution: 'bundler' },
]

/** Installs the tarballs in an empty project and uses them there. Resolves to the project, if it could be installed. */
export async function checkConsumer(checks, tarballs, temporary) {
  const project = join(temporary, 'consumer')
  const isInstalled = await checks.run('all tarballs: install together in an empty project', async () => {
    await install(project, tarballs)
    return true
  })
  if (isInstalled !== true) return undefined
  await checks.run('all tarballs: one copy of each of them', () => checkCopies(project, tarballs))

  const sources = join(project, 'types')
  await mkdir(sources)
  for (const { name, content } of tarballs) {
    await checks.run(`${name}: is imported and used from Node.js ${process.versions.node}`, () =>
      use(project, name),
    )
    await writeSources(sources, name, content)
  }
  await checkTypes(checks, project)
  if (tarballs.some(({ name }) => name === 'photos-domain')) {
    await checks.run('photos-domain: its declarations are right', () => checkDeclarations(project))
  }
  for (const { name, content } of tarballs) await checkExamples(checks, project, name, content)
  return project
}

async function install(project, tarballs) {
  const files = Object.fromEntries(tarballs.map(({ name, path }) => [name, `file:${path}`]))
  await mkdir(project)
  const manifest = {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: files,
    devDependencies: { '@types/node': '^20.19.0', typescript: NEWEST_TYPESCRIPT },
    // What the packages ask of each other comes from the tarballs too, whatever a registry has under these names.
    overrides: Object.fromEntries(tarballs.map(({ name }) => [name, `$${name}`])),
  }
  await writeFile(join(project, 'package.json'), JSON.stringify(manifest, undefined, 2))
  // No scripts: nothing has to be compiled or fetched at install.
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  await run('npm', ['install', ...options], { cwd: project })
}

async function checkCopies(project, tarballs) {
  const lock = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8'))
  for (const { name } of tarballs) {
    const places = Object.keys(lock.packages).filter((place) => place.endsWith(`node_modules/${name}`))
    if (places.length !== 1)
      throw new Error(`${name} is installed ${places.length} times: ${places.join(', ')}`)
    const { resolved } = lock.packages[places[0]]
    if (!resolved?.startsWith('file:')) throw new Error(`${name} comes from ${resolved}`)
  }
}

async function use(project, name) {
  const source = join(import.meta.dirname, 'use', `${name}.mjs`)
  if (!existsSync(source)) throw new Error(`say in .ci/packages/use/${name}.mjs how it is used`)
  const copy = join(project, `use-${name}.mjs`)
  await cp(source, copy)
  await runNode(copy, [], { cwd: project })
}

/** What TypeScript checks of a package: its import, our own file of types, and the examples of its README. */
async function writeSources(sources, name, content) {
  await writeFile(join(sources, `${name}.import.ts`), `export * as imported from '${name}'\n`)
  const types = join(import.meta.dirname, 'types', `${name}.ts`)
  if (existsSync(types)) await cp(types, join(sources, `${name}.types.ts`))
  for (const { file, code } of await examplesOf(content)) {
    if (code !== undefined) await writeFile(join(sources, `${name}.${file}`), code)
  }
}

async function examplesOf(content) {
  const readme = join(content, 'README.md')
  // That there is one is checked with the other files of the tarball.
  return existsSync(readme) ? examplesIn(await readFile(readme, 'utf8')) : []
}

async function checkTypes(checks, project) {
  for (const compiler of [join(toolsDirectory, 'typescript'), newestCompilerIn(project)]) {
    const { version } = JSON.parse(await readFile(join(compiler, 'package.json'), 'utf8'))
    for (const resolution of MODULE_RESOLUTIONS) {
      const name = `TypeScript ${version}, moduleResolution ${resolution.moduleResolution}: all of it compiles`
      await checks.run(name, () => compile(project, compiler, resolution))
    }
  }
}

const newestCompilerIn = (project) => join(project, 'node_modules', 'typescript')

const optionsOf = ({ module, moduleResolution }) => ({
  module,
  moduleResolution,
  target: 'es2023',
  lib: ['es2023'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  rootDir: 'types',
})

/** Compiles all sources at the strictest into a folder named like the module resolution. */
async function compile(project, compiler, resolution) {
  // What the packages that ours depend on declare is not ours to check.
  const compilerOptions = {
    ...optionsOf(resolution),
    skipLibCheck: true,
    outDir: resolution.moduleResolution,
  }
  await runCompiler(project, compiler, { compilerOptions, include: ['types'] })
}

/** Every declaration that photos-domain reaches, those of typebox included: long work for an older compiler. */
async function checkDeclarations(project) {
  const files = ['photos-domain.import.ts', 'photos-domain.types.ts'].map((file) => join('types', file))
  const compilerOptions = { ...optionsOf(MODULE_RESOLUTIONS[0]), noEmit: true }
  await runCompiler(project, newestCompilerIn(project), { compilerOptions, files })
}

async function runCompiler(project, compiler, config) {
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config))
  await runNode(join(compiler, 'bin', 'tsc'), ['-p', 'tsconfig.json'], { cwd: project })
}

async function checkExamples(checks, project, name, content) {
  for (const { file, code, output } of await examplesOf(content)) {
    await checks.run(`${name}: the example ${file} of its README runs`, async () => {
      if (code === undefined) throw new Error('the README has its output, but not its code')
      const directory = join(project, 'run', `${name}-${file}`)
      await mkdir(directory, { recursive: true })
      const built = join(project, 'nodenext', `${name}.${file.replace(/\.ts$/, '.js')}`)
      const printed = await runNode(built, [], { cwd: directory })
      if (output !== undefined && printed !== output)
        throw new Error(`it prints\n${printed}\nand not\n${output}`)
    })
  }
}
