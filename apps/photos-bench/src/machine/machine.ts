import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where figures come from: what one needs to know to believe them, or to get them again. */
export interface Environment {
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  /** Absent outside a git checkout. */
  readonly commit?: { readonly hash: string; readonly changed: boolean } | undefined
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
  /** Processes that wanted a CPU over the last minute, before the run. */
  readonly loadAverage: number
}

export function describeEnvironment(): Environment {
  const [cpu] = cpus()
  return {
    machine: {
      cpu: cpu?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      system: `${process.platform} ${process.arch} ${release()}`,
      loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    },
    versions: {
      node: process.version,
      ...versionsOf(import.meta.url, ['autocannon', 'fastify', 'photos-bench']),
      ...versionsOf(import.meta.resolve('photos-api'), ['photos-api']),
      ...versionsOf(import.meta.resolve('photos-lmdb'), ['lmdb']),
    },
    commit: commit(),
  }
}

/** The versions of packages as a module of ours finds them: its own package, or those it depends on. */
function versionsOf(from: string, names: readonly string[]): Record<string, string> {
  const require = createRequire(from)
  return Object.fromEntries(
    names.map((name) => [name, versionOf(name, require.resolve.paths(name) ?? [], from)]),
  )
}

/** A package need not export its package.json, so it is looked for where the resolution would look. */
function versionOf(name: string, paths: readonly string[], from: string): string {
  const own = join(dirname(fileURLToPath(from)))
  const candidates = [...paths.map((path) => join(path, name)), ...ancestors(own)]
  for (const directory of candidates) {
    try {
      const { name: found, version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
      if (found === name) return String(version)
    } catch {
      // Not here; it is looked for further on.
    }
  }
  return 'unknown'
}

function ancestors(directory: string): string[] {
  const parent = dirname(directory)
  return parent === directory ? [directory] : [directory, ...ancestors(parent)]
}

function commit(): Environment['commit'] {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: dirname(fileURLToPath(import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  try {
    return { hash: git('rev-parse', 'HEAD'), changed: git('status', '--porcelain') !== '' }
  } catch {
    return undefined
  }
}
