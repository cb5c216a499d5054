import { availableParallelism } from 'node:os'
import { measureDistributed } from '../capacity/measure-distributed.js'
import { measureControl, measureEmbedded } from '../capacity/measure-embedded.js'
import type { MeasuredPart } from '../capacity/measured-part.js'
import { noCouchdb } from '../data/couchdb-servers.js'
import { EXIT, SetupError, UsageError } from '../errors.js'
import { canMeasureProcesses } from '../machine/process-usage.js'
import { formatCount, formatPercent, formatWhole } from '../report/format.js'
import { markdownTable } from '../report/markdown.js'
import type { CommandLine } from './options.js'
import { Progress } from './progress.js'

const DEFAULT_WORKSPACES = 100_000
const DEFAULT_SECONDS = 4
const SERVERS = ['nginx', 'service', 'listener', 'redis', 'couchdb', 'generator'] as const

/**
 * `bench costs`: what a request costs each server, for the table of costs that `bench capacity` plans with. Without COUCHDB_URL
 * only the embedded shape; with COUCHDB_PID also what CouchDB itself uses.
 */
export async function costsCommand({ sizes, overrides, cacheDir }: CommandLine): Promise<number> {
  if (!canMeasureProcesses) throw new SetupError('only Linux tells what processes use')
  const pid = process.env['COUCHDB_PID']
  if (pid !== undefined && !/^\d+$/.test(pid)) throw new UsageError('COUCHDB_PID must be a process id')
  const progress = new Progress()
  progress.about('costs')
  const options = {
    cacheDir,
    workspaces: sizes[0] ?? DEFAULT_WORKSPACES,
    seconds: overrides.slotSeconds ?? DEFAULT_SECONDS,
    progress: progress.step,
  }
  const parts = [await measureControl(options), ...(await measureEmbedded(options))]
  console.log(table(parts))
  if (noCouchdb(process.env) === undefined) {
    console.log(`\n${table(await measureDistributed(options, pid === undefined ? undefined : Number(pid)))}`)
  }
  console.log(
    `\nµs of CPU a request, on ${availableParallelism()} cores, ${formatWhole(options.workspaces)} workspaces.`,
  )
  return EXIT.ok
}

function table(parts: readonly MeasuredPart[]): string {
  return markdownTable({
    head: ['', 'requests/s', ...SERVERS, 'answered by', 'bytes in Redis'],
    rows: parts.map(({ name, requestsPerSecond, microseconds, shares = {}, redisBytesPerRecord }) => [
      name,
      formatCount(requestsPerSecond),
      ...SERVERS.map((server) => {
        const cost = microseconds[server]
        return cost === undefined ? '–' : formatCount(cost)
      }),
      Object.entries(shares)
        .map(([tier, share]) => `${tier} ${formatPercent(share)}`)
        .join(', ') || '–',
      redisBytesPerRecord === undefined ? '–' : formatWhole(redisBytesPerRecord),
    ]),
  })
}
