/*
 * Measures the embedded store: how fast workspaces load, what they take on disk, what a read costs.
 *
 *   node dist-test/measure.js [workspaces, default 1000000] [directory, default a new one that is removed]
 *
 * A directory that already holds as many workspaces is only read.
 */
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { encodePhotos, NEVER_WRITTEN, type Photo, type PhotoRepository } from 'photos-domain'
import { openLmdbRepository } from 'photos-lmdb'
import { newDirectory } from './helpers/directories.js'

const READS = 1_000_000
const READ_WORKSPACES = 200_000
const WRITES_IN_FLIGHT = 1000
/** About as many as one turn of a busy server's event loop serves. */
const READS_A_TURN = 16

const workspaces = Number(process.argv[2] ?? 1_000_000)
const directory = process.argv[3]

const idOf = (index: number): string => `workspace-${String(index).padStart(8, '0')}`

/** 4 to 7 photos, 970 bytes of JSON on the average. */
const contents = Array.from({ length: 64 }, (_, seed) => ({
  photos: encodePhotos(Array.from({ length: 4 + (seed % 4) }, (_, index) => photoOf(seed, index))),
}))

function photoOf(seed: number, index: number): Photo {
  const number = seed * 7 + index
  return {
    id: `0b8b1a52-6a4f-4d0e-9d0c-${String(number).padStart(12, '0')}`,
    url: `https://picsum.photos/id/${number}/800/600`,
    description: `A picture of number ${number}, taken early in the morning`.slice(0, 46 + (number % 9)),
  }
}

async function load(repository: PhotoRepository): Promise<void> {
  let next = 0
  const writeOn = async () => {
    while (next < workspaces) {
      const index = next++
      const content = contents[index % contents.length]
      if (content !== undefined) await repository.write(idOf(index), content, NEVER_WRITTEN)
    }
  }
  await Promise.all(Array.from({ length: WRITES_IN_FLIGHT }, writeOn))
}

/** Reads the workspaces, again and again until it is enough. */
async function read(
  repository: PhotoRepository,
  workspaceIds: readonly string[],
  reads: number,
): Promise<void> {
  for (let count = 0; count < reads; count++) {
    const record = repository.read(workspaceIds[count % workspaceIds.length] ?? '')
    if (record instanceof Promise) throw new Error('a read of the embedded store makes no promise')
    if (count % READS_A_TURN === 0) await nextTurn()
  }
}

interface Cost {
  readonly wallSeconds: number
  readonly cpuSeconds: number
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const start = performance.now()
  const cpu = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { wallSeconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 }
}

const round = (value: number): number => Math.round(value * 100) / 100
const report = (what: string, figures: Readonly<Record<string, number>>): void =>
  console.log(what, Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, round(value)])))

/** Resident memory that is not a mapped file, in MB (Linux). */
function anonymousMegabytes(): number {
  const [, kilobytes] = /RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

const path = directory ?? (await newDirectory())
const repository = await openLmdbRepository({ path })
try {
  if ((await repository.status()).workspaces < workspaces) {
    const { wallSeconds, cpuSeconds } = await costOf(() => load(repository))
    report('load', { workspaces, wallSeconds, cpuSeconds, perSecond: workspaces / wallSeconds })
  }
  const { bytes } = await repository.status()
  report('on disk', { megabytes: bytes / 1e6, bytesPerWorkspace: bytes / workspaces })
  report('memory', { anonymousMegabytes: anonymousMegabytes() })
  const random = (): string => idOf(Math.floor(Math.random() * workspaces))
  const workspaceIds = Array.from({ length: READ_WORKSPACES }, random)
  await read(repository, workspaceIds, READ_WORKSPACES)
  const { wallSeconds, cpuSeconds } = await costOf(() => read(repository, workspaceIds, READS))
  report('random reads', {
    cpuMicroseconds: (cpuSeconds / READS) * 1e6,
    wallMicroseconds: (wallSeconds / READS) * 1e6,
  })
  report('memory', { anonymousMegabytes: anonymousMegabytes() })
} finally {
  await repository.close()
  if (directory === undefined) await rm(path, { recursive: true })
}
