import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import fc from 'fast-check'
import { scenarios } from './commands.js'
import { Run, type RunOptions } from './run.js'

export interface Exploration {
  readonly runs: number
  readonly seed: number
  readonly deafFeeds: boolean
}

/** What fast-check says of the smallest scenario that breaks a promise; undefined if none of so many does. */
export async function explore(
  { runs, seed }: { readonly runs: number; readonly seed: number },
  options: RunOptions,
  shrink = true,
): Promise<string | undefined> {
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    const violations = await new Run(scenario, options).play()
    if (violations.length > 0) throw new Error(violations.join('\n'))
  })
  const details = await fc.check(property, { numRuns: runs, seed, endOnFailure: !shrink })
  if (!details.failed) return undefined
  return `${fc.defaultReportMessage(details)}\n${String(details.errorInstance)}`
}

/** The same on every core. Resolves to what was found by each that found something. */
export async function exploreInParallel({ runs, seed, deafFeeds }: Exploration): Promise<readonly string[]> {
  const workers = availableParallelism()
  const found = await Promise.all(
    Array.from({ length: workers }, async (_, at) => {
      const part: Exploration = { runs: Math.ceil(runs / workers), seed: seed + at, deafFeeds }
      const [report]: unknown[] = await once(
        new Worker(new URL(import.meta.url), { workerData: part }),
        'message',
      )
      return report
    }),
  )
  return found.filter((report) => typeof report === 'string')
}

if (!isMainThread && parentPort !== null) {
  const { deafFeeds, ...how }: Exploration = workerData
  parentPort.postMessage(await explore(how, { deafFeeds }))
}
