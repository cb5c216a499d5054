import {
  compareVersions,
  NEVER_WRITTEN,
  type Version,
  type WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'

export interface Bounds {
  /** How far an answer may be behind an acknowledged write. */
  readonly maxStalenessMs: number
  /** How far one that is marked stale may be. */
  readonly maxMarkedStalenessMs: number
  /** Counts only writes that were announced, and checks the bound alone. */
  readonly onlyAnnounced?: boolean | undefined
}

interface Seen {
  readonly atMs: number
  readonly version: Version
}

/** A read that was begun. What it may answer is settled at that moment. */
export interface BegunRead {
  readonly workspaceId: WorkspaceId
  readonly replica: string
  readonly fresh: boolean
  readonly atMs: number
  /** The highest version that this replica had acknowledged or answered. */
  readonly seenHere: Version
  /** The highest version that was acknowledged by anyone. */
  readonly acknowledged: Version
  readonly acknowledgedInTime: Version
  readonly acknowledgedLongAgo: Version
}

const higher = (a: Version, b: Version): Version => (compareVersions(a, b) >= 0 ? a : b)

/**
 * Checks every answer as it comes, against everything that was acknowledged or answered before its read began:
 *
 * - no answer that no one wrote: the bytes are those that were written at its version;
 * - never older over newer: not below what this replica has answered before;
 * - read your writes: not below what this replica has acknowledged;
 * - bounded staleness: not below what anyone had acknowledged `maxStalenessMs` before; for a fresh read, not below
 *   anything acknowledged; for an answer that is marked stale, not below what was acknowledged `maxMarkedStalenessMs` before.
 */
export class History {
  readonly violations: string[] = []
  reads = 0
  readonly #bounds: Bounds
  /** What was written, by workspace and version. */
  readonly #contents = new Map<string, string>()
  readonly #acknowledged = new Map<WorkspaceId, Seen[]>()
  readonly #seen = new Map<string, Version>()

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** The store has this, whether anyone knows or not. */
  committed(workspaceId: WorkspaceId, version: Version, content: string): void {
    this.#contents.set(`${workspaceId} ${version}`, content)
  }

  /** Someone was told that it is written: through a replica, or past all of them. */
  acknowledged(
    workspaceId: WorkspaceId,
    version: Version,
    atMs: number,
    { replica, isAnnounced = false }: { readonly replica?: string; readonly isAnnounced?: boolean } = {},
  ): void {
    if (this.#bounds.onlyAnnounced === true && !isAnnounced) return
    const seen = this.#acknowledged.get(workspaceId) ?? []
    this.#acknowledged.set(workspaceId, seen)
    seen.push({ atMs, version })
    if (replica !== undefined && this.#bounds.onlyAnnounced !== true) this.#see(replica, workspaceId, version)
  }

  begin(replica: string, workspaceId: WorkspaceId, fresh: boolean, atMs: number): BegunRead {
    return {
      ...{ workspaceId, replica, fresh, atMs },
      seenHere: this.#seen.get(`${replica} ${workspaceId}`) ?? NEVER_WRITTEN,
      ...this.#acknowledgedBefore(workspaceId, atMs),
    }
  }

  end(read: BegunRead, { version, photos, stale, cacheStatus }: WorkspaceRecord, atMs: number): void {
    this.reads++
    const { workspaceId, replica, fresh } = read
    const content = this.#contents.get(`${workspaceId} ${version}`)
    const isAbsent = version === NEVER_WRITTEN
    if (Buffer.from(photos).toString() !== (isAbsent ? '[]' : content)) {
      this.#violate('answered what no one wrote', read, version, cacheStatus, atMs)
    }
    this.#require(
      'read below what it had answered or acknowledged',
      read.seenHere,
      read,
      version,
      cacheStatus,
      atMs,
    )
    if (fresh)
      this.#require(
        'read fresh, below what was acknowledged',
        read.acknowledged,
        read,
        version,
        cacheStatus,
        atMs,
      )
    else if (stale === true) {
      this.#require('read stale, too old', read.acknowledgedLongAgo, read, version, cacheStatus, atMs)
    } else {
      this.#require('read beyond the bound', read.acknowledgedInTime, read, version, cacheStatus, atMs)
    }
    if (this.#bounds.onlyAnnounced !== true) this.#see(replica, workspaceId, version)
  }

  violate(what: string): void {
    this.violations.push(what)
  }

  #require(
    rule: string,
    least: Version,
    read: BegunRead,
    version: Version,
    status: string | undefined,
    atMs: number,
  ): void {
    if (compareVersions(version, least) < 0) this.#violate(`${rule} (${least})`, read, version, status, atMs)
  }

  #violate(
    rule: string,
    { replica, workspaceId, atMs: fromMs }: BegunRead,
    version: Version,
    status: string | undefined,
    atMs: number,
  ): void {
    const when = `${fromMs.toFixed(0)}-${atMs.toFixed(0)} ms`
    this.violations.push(`${when}: ${replica} ${rule}: ${workspaceId} at ${version} [${status}]`)
  }

  #see(replica: string, workspaceId: WorkspaceId, version: Version): void {
    const key = `${replica} ${workspaceId}`
    this.#seen.set(key, higher(version, this.#seen.get(key) ?? NEVER_WRITTEN))
  }

  #acknowledgedBefore(
    workspaceId: WorkspaceId,
    atMs: number,
  ): Pick<BegunRead, 'acknowledged' | 'acknowledgedInTime' | 'acknowledgedLongAgo'> {
    const { maxStalenessMs, maxMarkedStalenessMs } = this.#bounds
    let acknowledged = NEVER_WRITTEN
    let acknowledgedInTime = NEVER_WRITTEN
    let acknowledgedLongAgo = NEVER_WRITTEN
    for (const seen of this.#acknowledged.get(workspaceId) ?? []) {
      const ageMs = atMs - seen.atMs
      if (ageMs >= 0) acknowledged = higher(acknowledged, seen.version)
      if (ageMs >= maxStalenessMs) acknowledgedInTime = higher(acknowledgedInTime, seen.version)
      if (ageMs >= maxMarkedStalenessMs) acknowledgedLongAgo = higher(acknowledgedLongAgo, seen.version)
    }
    return { acknowledged, acknowledgedInTime, acknowledgedLongAgo }
  }
}
