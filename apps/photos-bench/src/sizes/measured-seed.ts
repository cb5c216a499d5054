import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openLmdbRepository } from 'photos-lmdb'
import { COMPLETE, embeddedDirectory } from '../data/embedded-data.js'
import { SetupError } from '../errors.js'
import { canMeasureProcesses, cpuUsage, memoryUsage } from '../machine/process-usage.js'
import { sum } from '../stats/robust.js'

const PHOTOS_COMMAND = fileURLToPath(import.meta.resolve('photos-cli/dist/main.js'))
const SAMPLE_EVERY_MS = 250
/** Stores from this size on are interrupted while they are seeded: a smaller one is there before a signal is. */
const INTERRUPTED_FROM = 1_000_000
/** At which share of its workspaces it is interrupted, and how: as a power cut would, and as a person would. */
const INTERRUPTIONS = [
  { share: 0.3, signal: 'SIGKILL' },
  { share: 0.6, signal: 'SIGINT' },
] as const

/** What seeding a store took, by `photos seed` in processes of its own. Kept beside the store. */
export interface MeasuredSeed {
  readonly workspaces: number
  /** From its first process to the end of its last one. */
  readonly seconds: number
  /** CPU of all its processes. */
  readonly cpuSeconds: number
  /** The data file. */
  readonly bytes: number
  /** RssAnon at a quarter, a half and three quarters of the time, and the most it ever was, in bytes. */
  readonly anonymousBytes: readonly number[]
  readonly mostAnonymousBytes: number
  /** The signals that ended one of its processes, each followed by another one that went on. */
  readonly interruptions: readonly string[]
}

/** What a seeding process used up to its end. */
interface SeedRun {
  readonly cpuSeconds: number
  readonly anonymousBytes: readonly number[]
}

/**
 * The store of so many workspaces among those kept in `cacheDir`, seeded now if it is not complete. Large ones are killed and
 * interrupted on the way. What it took when it was made; undefined where that is not known.
 * @throws SetupError where a seeding fails, or where workspaces are missing after it
 */
export async function measuredSeed(
  cacheDir: string,
  workspaces: number,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<MeasuredSeed | undefined> {
  const dir = embeddedDirectory(cacheDir, workspaces)
  const file = join(dir, COMPLETE)
  const known = await readIfThere(file)
  if (known !== undefined) return isMeasured(known) ? known : undefined
  if (await isThere(join(dir, 'data.mdb'))) {
    // Only part of it would be measured.
    progress('the store was begun by another run; it is completed without being measured')
    return undefined
  }
  await mkdir(dir, { recursive: true })
  const seed = await seedInTurns(dir, workspaces, progress, signal)
  await writeFile(file, `${JSON.stringify(seed)}\n`)
  return seed
}

async function seedInTurns(
  dir: string,
  workspaces: number,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<MeasuredSeed> {
  const runs: SeedRun[] = []
  const startedMs = performance.now()
  const interruptions = workspaces >= INTERRUPTED_FROM ? INTERRUPTIONS : []
  for (const { share, signal: name } of interruptions) {
    const run = new SeedProcess(dir, workspaces, progress, signal)
    runs.push(await run.until(share * workspaces, name))
    progress(`${name} at ${run.done} of ${workspaces} workspaces; the same command again`)
  }
  runs.push(await new SeedProcess(dir, workspaces, progress, signal).toEnd())
  const seconds = (performance.now() - startedMs) / 1000
  await checkCount(dir, workspaces)
  const memory = runs.flatMap(({ anonymousBytes }) => anonymousBytes)
  return {
    workspaces,
    seconds,
    cpuSeconds: sum(runs.map(({ cpuSeconds }) => cpuSeconds)),
    bytes: (await stat(join(dir, 'data.mdb'))).size,
    anonymousBytes: [0.25, 0.5, 0.75].map((share) => memory[Math.ceil(share * memory.length) - 1] ?? 0),
    mostAnonymousBytes: Math.max(0, ...memory),
    interruptions: interruptions.map(({ signal }) => signal),
  }
}

/** One `photos seed`, watched. */
class SeedProcess {
  readonly #child: ChildProcess
  readonly #workspaces: number
  readonly #anonymousBytes: number[] = []
  readonly #exited: Promise<unknown[]>
  #cpuSeconds = 0
  #said = ''
  #hasEnded = false
  done = 0

  constructor(dir: string, workspaces: number, progress: (text: string) => void, signal: AbortSignal) {
    signal.throwIfAborted()
    this.#workspaces = workspaces
    const args = [PHOTOS_COMMAND, 'seed', '--workspaces', String(workspaces), '--store', `lmdb:${dir}`]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], signal })
    this.#child = child
    child.stderr.on('data', (chunk) => {
      this.#said = `${this.#said}${String(chunk)}`.slice(-1000)
      const [, done] = [...this.#said.matchAll(/([\d,]+) of [\d,]+ workspaces/g)].at(-1) ?? []
      if (done !== undefined) this.done = Number(done.replaceAll(',', ''))
      progress(`seeding: ${this.done} of ${workspaces} workspaces`)
    })
    this.#exited = once(child, 'exit').finally(() => {
      this.#hasEnded = true
    })
    this.#exited.catch(() => undefined)
  }

  /** Ends it by a signal once so many workspaces are there. */
  async until(workspaces: number, signal: NodeJS.Signals): Promise<SeedRun> {
    while (this.done < workspaces && !this.#hasEnded) await this.#sample()
    this.#child.kill(signal)
    return this.#ended(`ended before it had ${workspaces} workspaces`, (code) => code !== 0)
  }

  async toEnd(): Promise<SeedRun> {
    while (!this.#hasEnded) await this.#sample()
    this.done = this.#workspaces
    return this.#ended('failed', (code) => code === 0)
  }

  async #ended(fault: string, isRight: (code: unknown) => boolean): Promise<SeedRun> {
    const [code] = await this.#exited
    if (!isRight(code)) throw new SetupError(`photos seed ${fault}: ${this.#said.trimEnd()}`)
    return { cpuSeconds: this.#cpuSeconds, anonymousBytes: this.#anonymousBytes }
  }

  async #sample(): Promise<void> {
    const { pid } = this.#child
    if (pid !== undefined && canMeasureProcesses) {
      this.#cpuSeconds = Math.max(this.#cpuSeconds, cpuUsage([pid]).busySeconds)
      const { anonymousBytes } = memoryUsage([pid])
      // At its end it has none any more.
      if (anonymousBytes > 0) this.#anonymousBytes.push(anonymousBytes)
    }
    await Promise.race([delay(SAMPLE_EVERY_MS), this.#exited])
  }
}

/** @throws SetupError */
async function checkCount(dir: string, workspaces: number): Promise<void> {
  const store = await openLmdbRepository({ path: dir })
  try {
    const { workspaces: found } = await store.status()
    if (found !== workspaces)
      throw new SetupError(`the store has ${found} workspaces instead of ${workspaces}`)
  } finally {
    await store.close()
  }
}

const isMeasured = (value: Partial<MeasuredSeed>): value is MeasuredSeed => value.anonymousBytes !== undefined

async function readIfThere(file: string): Promise<Partial<MeasuredSeed> | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Partial<MeasuredSeed>
  } catch {
    return undefined
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
