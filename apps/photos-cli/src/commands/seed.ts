import { Command, Option } from 'commander'
import { DEFAULT_SEED, MAX_CONCURRENCY, MAX_SAMPLE_WORKSPACES, seedWorkspaces } from 'photos-samples'
import { EXIT } from '../failure.js'
import { formatCount } from '../format.js'
import { takeSignals } from '../interruption.js'
import { withStore } from '../open-store.js'
import { integer, storeOption } from '../options.js'
import { type Progress, startProgress } from '../progress.js'
import { describeLocation, type StoreLocation, storeLocation } from '../store-location.js'

interface SeedCommandOptions {
  readonly workspaces: number
  readonly seed: number
  readonly concurrency?: number
  readonly fillGaps: boolean
  readonly store?: StoreLocation
}

export function seedCommand(): Command {
  return new Command('seed')
    .description('fill a store with sample workspaces of 4 to 7 photos each, the same ones for the same seed')
    .requiredOption(
      '-n, --workspaces <count>',
      'how many there shall be: sample-000000000 and on',
      integer(1, MAX_SAMPLE_WORKSPACES),
    )
    .option(
      '--seed <number>',
      'which samples',
      integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
      DEFAULT_SEED,
    )
    .addOption(storeOption())
    .addOption(
      new Option('--concurrency <count>', 'how many writes are in flight at once; default: 1024').argParser(
        integer(1, MAX_CONCURRENCY),
      ),
    )
    .option('--fill-gaps', 'try every workspace, for a store from which some were removed', false)
    .addHelpText(
      'after',
      `
Workspaces that are there already stay as they are. The command may be interrupted at any time, even killed: run it again and it
goes on where it stopped.`,
    )
    .action(async (options: SeedCommandOptions) => {
      process.exitCode = await seed(options)
    })
}

async function seed({ store, workspaces, seed, fillGaps, concurrency }: SeedCommandOptions): Promise<number> {
  const location = storeLocation(store)
  const interruption = takeSignals()
  try {
    return await withStore(location, { create: true }, async (repository) => {
      process.stderr.write(
        `seeding ${formatCount(workspaces)} sample workspaces (seed ${seed}) into ${describeLocation(location)}\n`,
      )
      let progress: Progress | undefined
      const { written, skipped } = await seedWorkspaces(repository, {
        workspaces,
        seed,
        fillGaps,
        concurrency,
        signal: interruption.signal,
        onProgress: ({ done, total }) => {
          progress ??= startProgress({ unit: 'workspaces', total, initial: done })
          progress.update(done)
        },
      }).finally(() => progress?.stop())
      console.log(`wrote ${formatCount(written)} workspaces, ${formatCount(skipped)} were there already`)
      if (!interruption.signal.aborted) return EXIT.ok
      process.stderr.write('interrupted; the same command again goes on from here\n')
      return interruption.exitCode
    })
  } finally {
    interruption.release()
  }
}
