import { Command, InvalidArgumentError } from 'commander'
import { isWorkspaceId, type PhotoRepository, type WorkspaceId } from 'photos-domain'
import { NdjsonChunks } from '../export/chunks.js'
import { fileOutput, type Output, standardOutput } from '../export/output.js'
import { EXIT, exitCodeOf } from '../failure.js'
import { formatCount } from '../format.js'
import { takeSignals } from '../interruption.js'
import { withStore } from '../open-store.js'
import { storeOption } from '../options.js'
import { type Progress, startProgress } from '../progress.js'
import { type StoreLocation, storeLocation } from '../store-location.js'
import { userPath } from '../user-path.js'

interface ExportCommandOptions {
  readonly output: string
  readonly after?: WorkspaceId
  readonly store?: StoreLocation
}

export function exportCommand(): Command {
  return new Command('export')
    .description('write every workspace as a line of NDJSON: {"workspaceId":"…","photos":[…]}')
    .option('-o, --output <file>', 'the file to write; - is standard output', '-')
    .option('--after <workspaceId>', 'only workspaces whose id is above this one, in byte order', parseId)
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Workspaces come in the byte order of their ids, each as it is when it is read. Emptied ones come with an empty list. The receipts of
idempotent requests are not exported: an Idempotency-Key that was used before an import counts as new after it.
A file has its name only once it is complete. When an export stops early, it says how --after goes on from there.`,
    )
    .action(async (options: ExportCommandOptions) => {
      process.exitCode = await exportWorkspaces(options)
    })
}

function parseId(text: string): WorkspaceId {
  if (isWorkspaceId(text)) return text
  throw new InvalidArgumentError('It is not a workspace id.')
}

async function exportWorkspaces({ output, after, store }: ExportCommandOptions): Promise<number> {
  const location = storeLocation(store)
  const interruption = takeSignals()
  try {
    return await withStore(location, { create: false }, async (repository) => {
      const { signal } = interruption
      const to = output === '-' ? standardOutput(signal) : await fileOutput(userPath(output))
      const total = after === undefined ? (await repository.status()).workspaces : undefined
      const progress = startProgress({ unit: 'workspaces', total })
      const position: Position = { lastId: after, count: 0 }
      try {
        await copyAll(repository, to, position, progress, signal)
        if (!signal.aborted) {
          await to.complete()
          return EXIT.ok
        }
        progress.log(`interrupted; ${howToGoOn(position, await to.abandon())}`)
        return interruption.exitCode
      } catch (error) {
        const kept = await to.abandon()
        if (exitCodeOf(error) !== EXIT.brokenPipe) progress.log(howToGoOn(position, kept))
        throw error
      } finally {
        progress.stop()
      }
    })
  } finally {
    interruption.release()
  }
}

/** How far an export has come: everything up to `lastId` has been written. */
interface Position {
  lastId: WorkspaceId | undefined
  count: number
}

async function copyAll(
  repository: PhotoRepository,
  output: Output,
  position: Position,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const chunks = new NdjsonChunks()
  let lastId = position.lastId
  let count = 0
  const flush = async (): Promise<void> => {
    await output.write(chunks.take())
    position.lastId = lastId
    position.count = count
    progress.update(count)
  }
  for await (const { workspaceId, record } of repository.scan({ after: position.lastId, signal })) {
    chunks.add(workspaceId, record.photos)
    lastId = workspaceId
    count++
    if (chunks.ready) await flush()
  }
  await flush()
}

function howToGoOn({ lastId, count }: Position, keptIn: string | undefined): string {
  if (lastId === undefined) return 'nothing was exported'
  const kept = keptIn === undefined ? '' : ` and kept in ${keptIn}`
  return `${formatCount(count)} workspaces were exported${kept}; the rest: --after ${lastId}`
}
