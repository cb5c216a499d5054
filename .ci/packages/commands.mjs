import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** The package whose devDependencies bring the tools. */
export const toolsDirectory = join(root, 'packages', 'photos-domain', 'node_modules')

/** A development dependency as a library. */
export const requireTool = createRequire(join(toolsDirectory, 'package.json'))

const TIMEOUT_MS = 5 * 60 * 1000

/**
 * What a command prints, once it has ended with 0. Otherwise it rejects with everything that was printed.
 * It gets the environment without the settings of the package manager that runs this script.
 */
export function run(command, args, { cwd }) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm|pnpm)_|^NODE_OPTIONS$/i.test(name)),
  )
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS })
    let stdout = ''
    let all = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
      all += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      all += text
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout)
      else reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}\n${all}`))
    })
  })
}

/** Runs a JavaScript file with this Node. */
export const runNode = (file, args, options) => run(process.execPath, [file, ...args], options)

/** Runs the command that a development dependency brings. */
export const runTool = (name, args, options) => run(join(toolsDirectory, '.bin', name), args, options)

/** Runs pnpm: the one that runs this script, or the one that npx finds. */
export function runPnpm(args, options) {
  const { npm_execpath: running } = process.env
  const isPnpm = running !== undefined && /pnpm[^/\\]*$/.test(running) && existsSync(running)
  return isPnpm ? runNode(running, args, options) : run('npx', ['--yes', 'pnpm@10', ...args], options)
}
