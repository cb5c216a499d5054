import { randomUUID } from 'node:crypto'
import { openCouchdbRepository } from 'photos-couchdb'
import { samplePhotos, sampleWorkspaceId, seedWorkspaces } from 'photos-samples'
import { databaseUrls, firstServer, makeDatabase, noCouchdb } from '../data/couchdb-servers.js'
import { EXIT, UsageError } from '../errors.js'
import { formatCount, formatRatio } from '../report/format.js'
import { spreadOf } from '../stats/robust.js'
import type { CommandLine } from './options.js'
import { Progress } from './progress.js'

const DEFAULT_WORKSPACES = 30_000
const DEFAULT_ROUNDS = 5
/** The control sends what the repository sends at most: so many documents a request, so many requests at once. */
const BATCH_LENGTH = 128
const REQUESTS_IN_FLIGHT = 2

/** How many workspaces a second were written. */
type Rate = number

/**
 * `bench seed`: seeding CouchDB as `photos seed` does, in turns with the same documents sent by `_bulk_docs` alone.
 * @throws UsageError where COUCHDB_URL names no CouchDB
 */
export async function seedCommand({ sizes, overrides }: CommandLine, signal: AbortSignal): Promise<number> {
  const reason = noCouchdb(process.env)
  if (reason !== undefined) throw new UsageError(`bench seed needs CouchDB: ${reason}`)
  const workspaces = sizes[0] ?? DEFAULT_WORKSPACES
  const rounds = overrides.rounds ?? DEFAULT_ROUNDS
  const progress = new Progress()
  progress.about('seed')
  const rates: { readonly seeded: Rate; readonly raw: Rate }[] = []
  for (let round = 1; round <= rounds; round++) {
    signal.throwIfAborted()
    const raw = await inNewDatabase((name) => sendAll(name, workspaces))
    const seeded = await inNewDatabase((name) => seedAll(name, workspaces))
    rates.push({ seeded, raw })
    progress.step(`round ${round} of ${rounds}: ${Math.round(seeded)} and ${Math.round(raw)} workspaces/s`)
  }
  const ratio = spreadOf(rates.map(({ seeded, raw }) => seeded / raw))
  const seeded = spreadOf(rates.map((rate) => rate.seeded)).median
  const raw = spreadOf(rates.map((rate) => rate.raw)).median
  console.log(
    `seeding: ${formatCount(seeded)} workspaces/s; _bulk_docs alone: ${formatCount(raw)} workspaces/s`,
  )
  console.log(`ratio: ${formatRatio(ratio.median)} (${formatRatio(ratio.min)} – ${formatRatio(ratio.max)})`)
  return EXIT.ok
}

async function inNewDatabase(write: (name: string) => Promise<number>): Promise<Rate> {
  const name = `photos-bench-seed-${randomUUID()}`
  await makeDatabase(name)
  try {
    const startedMs = performance.now()
    const workspaces = await write(name)
    return (workspaces / (performance.now() - startedMs)) * 1000
  } finally {
    await firstServer().db.destroy(name)
  }
}

async function seedAll(name: string, workspaces: number): Promise<number> {
  const store = openCouchdbRepository({ urls: databaseUrls(name) })
  try {
    return (await seedWorkspaces(store, { workspaces })).written
  } finally {
    await store.close()
  }
}

async function sendAll(name: string, workspaces: number): Promise<number> {
  const database = firstServer().use(name)
  let next = 0
  const sender = async (): Promise<void> => {
    while (next < workspaces) {
      const from = next
      next += BATCH_LENGTH
      const length = Math.min(BATCH_LENGTH, workspaces - from)
      const docs = Array.from({ length }, (_, offset) => ({
        _id: sampleWorkspaceId(from + offset),
        photos: samplePhotos(from + offset),
      }))
      await database.bulk({ docs })
    }
  }
  await Promise.all(Array.from({ length: REQUESTS_IN_FLIGHT }, sender))
  return workspaces
}
