import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { UsageError } from '../errors.js'
import type { RunSettings } from '../run/result.js'
import type { Overrides } from '../scenario/load.js'

/** Bodies are checked often enough to find a rare fault, and so seldom that the generator hardly feels it. */
const SAMPLE_ONE_IN = 100
const DEFAULT_SEED = 1
/** More threads than this never had to be used to keep one server busy. */
const MOST_THREADS = 4

/** Each is a process. */
const MOST_REPLICAS = 64
/** The kernel takes no quota below 1 ms a period, which here is 100 ms. */
const LEAST_QUOTA = 0.01

/** What a command line says after the command's name. */
export interface CommandLine {
  readonly positionals: readonly string[]
  readonly settings: RunSettings
  /** Each scenario is run over each of these sizes; empty: over its own. */
  readonly sizes: readonly number[]
  readonly overrides: Omit<Overrides, 'workspaces'>
  readonly cacheDir: string
  readonly out: string | undefined
  readonly short: boolean
  readonly floors: string | undefined
  /** scale: how many replicas there are, in turn; empty: as many as it usually measures. */
  readonly replicaCounts: readonly number[]
  /** scale: how much of a core a replica may use. */
  readonly quotaCores: number | undefined
  readonly help: boolean
}

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parseStrictly(args)
  const number = (name: NumberOption): number | undefined => {
    const text = values[name]
    if (text === undefined) return undefined
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value)) throw new UsageError(`--${name} must be a number`)
    return value
  }
  const threads = number('threads') ?? defaultThreads()
  if (!Number.isInteger(threads) || threads < 1)
    throw new UsageError('--threads must be a whole number, at least 1')
  return {
    positionals,
    settings: {
      threads,
      seed: number('seed') ?? DEFAULT_SEED,
      sampleOneIn: SAMPLE_ONE_IN,
      ...present('slowDown', number('slow-down')),
    },
    sizes: countsOf('workspaces', values.workspaces),
    overrides: {
      ...present('rounds', number('rounds')),
      ...present('slotSeconds', number('slot-seconds')),
      ...present('warmupSeconds', number('warmup-seconds')),
      ...present('connections', number('connections')),
    },
    cacheDir: values['cache-dir'] ?? join(tmpdir(), 'spacework-photos-bench'),
    out: values.out,
    short: values.short ?? false,
    floors: values.floors,
    replicaCounts: replicaCountsOf(values.replicas),
    quotaCores: quotaOf(number('quota')),
    help: values.help ?? false,
  }
}

type NumberOption =
  | 'rounds'
  | 'slot-seconds'
  | 'warmup-seconds'
  | 'connections'
  | 'threads'
  | 'seed'
  | 'slow-down'
  | 'quota'

function parseStrictly(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        workspaces: text,
        rounds: text,
        'slot-seconds': text,
        'warmup-seconds': text,
        connections: text,
        threads: text,
        seed: text,
        'slow-down': text,
        'cache-dir': text,
        out: text,
        floors: text,
        replicas: text,
        quota: text,
        short: flag,
        help: { ...flag, short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function countsOf(name: string, text: string | undefined): number[] {
  if (text === undefined) return []
  const counts = text.split(',').map(Number)
  if (!counts.every((count) => Number.isInteger(count) && count > 0)) {
    throw new UsageError(`--${name} must be a whole number above 0, or several with commas between them`)
  }
  return counts
}

function replicaCountsOf(text: string | undefined): number[] {
  const counts = [...new Set(countsOf('replicas', text))].sort((one, other) => one - other)
  if (counts.some((count) => count > MOST_REPLICAS))
    throw new UsageError(`--replicas must be at most ${MOST_REPLICAS}`)
  return counts
}

function quotaOf(cores: number | undefined): number | undefined {
  if (cores !== undefined && !(cores >= LEAST_QUOTA && cores <= 1))
    throw new UsageError(`--quota must be from ${LEAST_QUOTA} to 1, in cores`)
  return cores
}

/** One core is left to the server. */
const defaultThreads = (): number => Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1))

const present = <K extends string>(name: K, value: number | undefined): { readonly [_ in K]?: number } =>
  value === undefined ? {} : ({ [name]: value } as { readonly [_ in K]?: number })
