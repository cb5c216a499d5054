/*
 * What each tier of caches answers. Requests for one workspace are taken for independent (a Poisson process), and a tier for one that
 * keeps the most wanted, as frequency-aware eviction nearly does. A copy that lives for L seconds and is asked for λ times a
 * second answers λL of every 1 + λL requests: one fetches it, and those of its life find it.
 */

/** Workspaces with the same demand. */
export interface Stream {
  readonly count: number
  /** Reads of each, per second, over all clients. */
  readonly reads: number
  /** Writes of each, per second. */
  readonly writes: number
}

export interface Tier {
  /** How many caches there are beside each other; each sees an even part of the reads, and fills on its own. */
  readonly caches: number
  /** How many workspaces each can hold; absent: all that are asked for. */
  readonly records?: number | undefined
  /** How long a copy is used, in seconds. */
  readonly lifeSeconds: number
  /** Whether a write ends the life of the copies, or leaves the new version in the tier. */
  readonly onWrite: 'ignored' | 'ends' | 'renews'
  /** A workspace is kept only if a cache is asked for it so often a second. */
  readonly leastRate?: number | undefined
}

export interface Passage {
  /** The share of the reads that the tier answers. */
  readonly hitShare: number
  /** How many workspaces each cache holds in the mean. */
  readonly records: number
  /** What is left for the next tier. */
  readonly rest: readonly Stream[]
}

/** @param streams most wanted first */
export function pass(streams: readonly Stream[], tier: Tier): Passage {
  const { caches, records = Number.POSITIVE_INFINITY, lifeSeconds, onWrite, leastRate = 0 } = tier
  let reads = 0
  let hits = 0
  let held = 0
  const rest = streams.map((stream) => {
    const rate = stream.reads / caches
    const endsPerSecond = 1 / lifeSeconds + (onWrite === 'ends' ? stream.writes : 0)
    const timesInLife = (rate + (onWrite === 'renews' ? stream.writes : 0)) / endsPerSecond
    const present = timesInLife / (1 + timesInLife)
    // Where the last ones do not fit, some of them do.
    const fits = Math.min(1, Math.max(0, (records - held) / (stream.count * present)))
    const hit = rate < leastRate ? 0 : present * fits
    held += rate < leastRate ? 0 : stream.count * hit
    reads += stream.count * stream.reads
    hits += stream.count * stream.reads * hit
    return { ...stream, reads: stream.reads * (1 - hit) }
  })
  return { hitShare: reads === 0 ? 0 : hits / reads, records: Math.min(held, records), rest }
}

export const readsPerSecond = (streams: readonly Stream[]): number =>
  streams.reduce((total, { count, reads }) => total + count * reads, 0)
