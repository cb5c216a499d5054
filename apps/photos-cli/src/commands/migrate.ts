import { Command, Option } from 'commander'
import { isPhotosError, type PhotoRepository } from 'photos-domain'
import { MAX_CONCURRENCY, withRetries } from 'photos-samples'
import { EXIT, usageError } from '../failure.js'
import { formatCount } from '../format.js'
import { type Interruption, takeSignals } from '../interruption.js'
import {
  type Checkpoint,
  defaultStateFile,
  identityOf,
  loadCheckpoint,
  newCheckpoint,
  saveCheckpoint,
} from '../migrate/checkpoint.js'
import { Migration } from '../migrate/migration.js'
import type { Comparison } from '../migrate/verify.js'
import { withStore } from '../open-store.js'
import { integer } from '../options.js'
import { type Progress, type ProgressOptions, startProgress } from '../progress.js'
import { describeLocation, parseStoreLocation, STORE_SYNTAX, type StoreLocation } from '../store-location.js'
import { userPath } from '../user-path.js'

interface MigrateCommandOptions {
  readonly from: StoreLocation
  readonly to: StoreLocation
  readonly follow: boolean
  readonly restart: boolean
  readonly state?: string
  readonly concurrency?: number
}

/** How often it is told how many changes were followed, if there were any. */
const TELL_EVERY_MS = 10_000
/** How many of the workspaces that differ are named. */
const NAMED = 10

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('copy every workspace of one store into another, and verify that both have the same photos')
    .addOption(storeArgument('--from <store>', STORE_SYNTAX))
    .addOption(storeArgument('--to <store>', 'the same; an embedded store is made if there is none'))
    .option('--follow', 'go on with every change of the source, until interrupted', false)
    .option('--state <file>', 'where it keeps how far it has come; default: photos-migrate-<…>.json here')
    .option('--restart', 'copy everything again, whatever an earlier run has done', false)
    .addOption(
      new Option('--concurrency <count>', 'how many workspaces are copied at once; default: 512').argParser(
        integer(1, MAX_CONCURRENCY),
      ),
    )
    .addHelpText(
      'after',
      `
Photos and the receipts of idempotent requests are copied; the source wins where both have a workspace, and nothing is removed. The source
may be in use. The same command goes on where an earlier one ended, killed or not. With --follow it says when it has caught
up; once nobody writes to the source any more, interrupt it and run it without: that copies the rest and verifies.`,
    )
    .action(async (options: MigrateCommandOptions) => {
      process.exitCode = await migrate(options)
    })
}

const storeArgument = (flags: string, description: string): Option =>
  new Option(flags, description).argParser(parseStoreLocation).makeOptionMandatory()

async function migrate(options: MigrateCommandOptions): Promise<number> {
  const { from, to } = options
  if (identityOf(from) === identityOf(to)) throw usageError('--from and --to are the same store')
  const file = userPath(options.state ?? defaultStateFile(from, to))
  const found = options.restart ? undefined : await loadCheckpoint(file, from, to)
  const interruption = takeSignals()
  try {
    return await withStore(from, { create: false }, (source) =>
      withStore(to, { create: true }, async (target) => {
        // Before anything is kept of it: a store that is not there is no beginning of a migration.
        await Promise.all([source.ready(), target.ready()])
        const going = found === undefined ? '' : `, going on after ${formatCount(found.changes)} changes`
        process.stderr.write(`migrating ${describeLocation(from)} to ${describeLocation(to)}${going}\n`)
        const checkpoint = found ?? newCheckpoint(from, to)
        return new Run({ source, target, file, checkpoint, options, interruption }).run()
      }),
    )
  } finally {
    interruption.release()
  }
}

interface RunSettings {
  readonly source: PhotoRepository
  readonly target: PhotoRepository
  readonly file: string
  readonly checkpoint: Checkpoint
  readonly options: MigrateCommandOptions
  readonly interruption: Interruption
}

class Run {
  readonly #settings: RunSettings
  readonly #migration: Migration
  #progress: Progress | undefined
  #onCopied: ((changes: number) => void) | undefined

  constructor(settings: RunSettings) {
    this.#settings = settings
    const { source, target, file, checkpoint, options, interruption } = settings
    this.#migration = new Migration(source, target, {
      checkpoint,
      concurrency: options.concurrency,
      signal: interruption.signal,
      save: (checkpoint) => saveCheckpoint(file, checkpoint),
      onFailed: (workspaceId, reason) => this.#say(`${workspaceId} is not copied: ${reason}`),
      onProgress: (changes) => this.#onCopied?.(changes),
    })
  }

  async run(): Promise<number> {
    const { options, interruption, file } = this.#settings
    try {
      await this.#catchUp()
      if (options.follow && !interruption.signal.aborted) await this.#follow()
      if (!options.follow && !interruption.signal.aborted && this.#migration.counts.failed === 0) {
        const comparison = await this.#verify()
        if (!interruption.signal.aborted) return this.#tell(comparison)
      }
      return this.#end()
    } catch (error) {
      // Should the disk be the cause, that is what is told.
      await this.#migration.save().catch(() => undefined)
      // The source was made anew since.
      const isStranger = isPhotosError(error, 'INVALID_INPUT')
      this.#say(
        isStranger
          ? `stopped; ${file} is of another source: --restart copies everything again`
          : `stopped; the same command goes on from here (${file})`,
      )
      throw error
    }
  }

  async #catchUp(): Promise<void> {
    const { source, checkpoint, interruption } = this.#settings
    const { workspaces } = await withRetries(() => source.status(), interruption)
    const total = Math.max(workspaces, checkpoint.changes)
    await this.#withProgress({ unit: 'workspaces', total, initial: checkpoint.changes }, async (progress) => {
      // Workspaces that are written meanwhile come again.
      this.#onCopied = (changes) => progress.update(Math.min(changes, total))
      await this.#migration.retryFailed()
      await this.#migration.catchUp()
      this.#onCopied = undefined
    })
    const { written, same, failed } = this.#migration.counts
    const what = `copied ${formatCount(written)} workspaces, ${formatCount(same)} were the same already`
    console.log(failed === 0 ? what : `${what}, ${formatCount(failed)} could not be copied`)
  }

  async #follow(): Promise<void> {
    const before = this.#migration.counts.written
    const followed = (): string => formatCount(this.#migration.counts.written - before)
    this.#say('caught up; following the changes of the source until interrupted')
    let told = followed()
    // It also keeps the process alive: a feed that waits for changes need not.
    const timer = setInterval(() => {
      if (followed() !== told) this.#say(`copied ${followed()} changes while following`)
      told = followed()
    }, TELL_EVERY_MS)
    try {
      await this.#migration.follow()
    } finally {
      clearInterval(timer)
    }
    console.log(`copied ${followed()} changes while following`)
  }

  async #verify(): Promise<Comparison> {
    const { source, interruption } = this.#settings
    const { workspaces: total } = await withRetries(() => source.status(), interruption)
    this.#say('verifying')
    return this.#withProgress({ unit: 'workspaces', total }, (progress) =>
      this.#migration.verify((compared) => progress.update(compared)),
    )
  }

  async #withProgress<T>(options: ProgressOptions, action: (progress: Progress) => Promise<T>): Promise<T> {
    const progress = startProgress(options)
    this.#progress = progress
    try {
      return await action(progress)
    } finally {
      this.#progress = undefined
      progress.stop()
    }
  }

  #tell({ source, target, differences, differing }: Comparison): number {
    console.log(`source: ${formatCount(source.workspaces)} workspaces with photos, sha256 ${source.checksum}`)
    console.log(`target: ${formatCount(target.workspaces)} workspaces with photos, sha256 ${target.checksum}`)
    if (differences === 0) {
      console.log('verified: both have the same photos')
      return EXIT.ok
    }
    const named = differing.slice(0, NAMED).join(', ')
    const more = differences > NAMED ? ' and others' : ''
    console.log(`${formatCount(differences)} workspaces differ: ${named}${more}`)
    this.#say('--restart copies everything again')
    return EXIT.failed
  }

  #end(): number {
    const { interruption, file } = this.#settings
    if (interruption.signal.aborted) {
      this.#say(`interrupted; the same command goes on from here (${file})`)
      return interruption.exitCode
    }
    this.#say('not verified, as not everything could be copied; the same command tries it again')
    return EXIT.failed
  }

  #say(line: string): void {
    if (this.#progress === undefined) process.stderr.write(`${line}\n`)
    else this.#progress.log(line)
  }
}
