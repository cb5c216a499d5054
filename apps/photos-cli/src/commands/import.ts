import { Command, Option } from 'commander'
import { MAX_CONCURRENCY } from 'photos-samples'
import { readConfig } from '../environment.js'
import { EXIT, usageError } from '../failure.js'
import { importWorkspaces, type OnConflict, summarize } from '../import/importer.js'
import { openInput } from '../import/input.js'
import { legacyInput } from '../import/legacy.js'
import { takeSignals } from '../interruption.js'
import { withStore } from '../open-store.js'
import { integer, storeOption } from '../options.js'
import { type Progress, type ProgressOptions, startProgress } from '../progress.js'
import { describeLocation, parseStoreLocation, type StoreLocation, storeLocation } from '../store-location.js'

interface ImportCommandOptions {
  readonly onConflict: OnConflict
  readonly concurrency?: number
  readonly store?: StoreLocation
  readonly fromLegacy?: string
}

export function importCommand(): Command {
  return new Command('import')
    .description(
      'put workspaces in from NDJSON, one a line: {"workspaceId":"…","photos":[…]}, newest photo first',
    )
    .argument('[file]', 'the file to read; - is standard input', '-')
    .addOption(
      new Option('--on-conflict <what>', 'what becomes of a workspace that was written before')
        .choices(['skip', 'replace', 'fail'] satisfies OnConflict[])
        .default('skip' satisfies OnConflict),
    )
    .option(
      '--from-legacy <url>',
      'read, instead of a file, a CouchDB database in the original layout: {workspace_id, photos} under random ids',
    )
    .addOption(storeOption())
    .addOption(
      new Option('--concurrency <count>', 'how many writes are in flight at once; default: 2048').argParser(
        integer(1, MAX_CONCURRENCY),
      ),
    )
    .addHelpText(
      'after',
      `
A line that is not right is reported on standard error with its number and every reason; the rest goes in, and the exit code is 1.
With skip, a workspace that was ever written stays as it is, also when it has been emptied since. With replace its photos become
those of the line. With fail its line has failed. After an interruption the same command can be run again.`,
    )
    .action(async (file: string, options: ImportCommandOptions) => {
      process.exitCode = await (options.fromLegacy === undefined
        ? importFile(file, options)
        : importLegacy(file, options.fromLegacy, options))
    })
}

/** Where the workspaces come from. */
interface ImportSource extends Pick<ProgressOptions, 'unit' | 'total'> {
  readonly lines: AsyncIterable<Buffer>
  /** How far it has been read, in its unit. */
  done(): number
  /** Names a line for a person. */
  origin(lineNumber: number): string
  /** How many parts of it could not even be made lines; they have been told. */
  unreadable(): number
  close(): void
}

async function importFile(file: string, options: ImportCommandOptions): Promise<number> {
  return importFrom(async ({ signal }) => {
    const { chunks, totalBytes, bytesRead, close } = await openInput(file, signal)
    return {
      unit: 'bytes',
      total: totalBytes,
      lines: chunks,
      done: bytesRead,
      origin: (lineNumber) => `line ${lineNumber}`,
      unreadable: () => 0,
      close,
    }
  }, options)
}

async function importLegacy(file: string, url: string, options: ImportCommandOptions): Promise<number> {
  const from = parseStoreLocation(url)
  const [database, ...others] = from.kind === 'couchdb' ? from.urls : []
  if (database === undefined || others.length > 0) {
    throw usageError('--from-legacy takes one URL of a CouchDB database')
  }
  if (file !== '-') throw usageError('--from-legacy is read instead of a file: only one of them can be given')
  return importFrom(async ({ signal, say }) => {
    let read = 0
    let skipped = 0
    const input = legacyInput(database, {
      signal,
      onProgress: (workspaces) => {
        read = workspaces
      },
      onSkipped: (documentId) => {
        skipped++
        say(`document ${documentId} is not of the original layout: left out`)
      },
    })
    process.stderr.write(`reading ${describeLocation(from)}, once to find workspaces of several documents\n`)
    return {
      ...input,
      unit: 'workspaces',
      done: () => read,
      unreadable: () => skipped,
      close: () => undefined,
    }
  }, options)
}

interface ImportContext {
  readonly signal: AbortSignal
  /** Prints a line of talk. */
  say(line: string): void
}

async function importFrom(
  open: (context: ImportContext) => Promise<ImportSource>,
  { store, onConflict, concurrency }: ImportCommandOptions,
): Promise<number> {
  const location = storeLocation(store)
  const { maxPhotos } = readConfig()
  const interruption = takeSignals()
  const { signal } = interruption
  let progress: Progress | undefined
  const say = (line: string): void => {
    if (progress === undefined) process.stderr.write(`${line}\n`)
    else progress.log(line)
  }
  try {
    const source = await open({ signal, say })
    return await withStore(location, { create: true }, async (repository) => {
      process.stderr.write(`importing into ${describeLocation(location)}\n`)
      progress = startProgress(source)
      const counts = await importWorkspaces(repository, source.lines, {
        onConflict,
        maxPhotos,
        concurrency,
        signal,
        onFailedLine: (number, reason) => say(`${source.origin(number)}: ${reason}`),
        onProgress: () => progress?.update(source.done()),
      }).finally(() => progress?.stop())
      const failed = counts.failed + source.unreadable()
      console.log(summarize({ ...counts, failed }))
      if (signal.aborted) {
        process.stderr.write('interrupted; the same command again puts the rest in\n')
        return interruption.exitCode
      }
      return failed === 0 ? EXIT.ok : EXIT.failed
    }).finally(() => source.close())
  } finally {
    interruption.release()
  }
}
