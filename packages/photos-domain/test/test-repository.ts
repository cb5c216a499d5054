import {
  type Change,
  compareVersions,
  NEVER_WRITTEN,
  NO_PHOTOS,
  type PhotoRepository,
  type ReadOptions,
  type RepositoryStatus,
  repositoryUnavailable,
  type Version,
  versionConflict,
  type WorkspaceContent,
  type WorkspaceRecord,
} from 'photos-domain'

/**
 * A repository in memory that keeps the port's rules for reads and conditional writes, remembers how it was called, and
 * lets a test step in around each write.
 */
export class TestRepository implements PhotoRepository {
  readonly records = new Map<string, WorkspaceRecord>()
  /** What reads that are not fresh are answered with, where there is something: a cache may be behind. */
  readonly cached = new Map<string, WorkspaceRecord>()
  readonly reads: { readonly workspaceId: string; readonly options: ReadOptions | undefined }[] = []
  /** How many writes were tried, those that found another version included. */
  writeAttempts = 0
  /** Runs before a write compares versions: what it writes itself comes in between. */
  beforeWrite: (workspaceId: string) => void | Promise<void> = () => {}
  /** Runs after a write was stored: what it throws is what the caller gets, though the write was made. */
  afterWrite: (workspaceId: string) => void = () => {}
  #count = 0

  /** Writes at once and unconditionally, as another process would. */
  put(workspaceId: string, { photos, receipts }: WorkspaceContent): Version {
    const version = String(++this.#count)
    this.records.set(workspaceId, { version, photos, receipts })
    return version
  }

  read(workspaceId: string, options?: ReadOptions): WorkspaceRecord {
    this.reads.push({ workspaceId, options })
    const cached = options?.fresh === true ? undefined : this.cached.get(workspaceId)
    return cached ?? this.records.get(workspaceId) ?? { version: NEVER_WRITTEN, photos: NO_PHOTOS }
  }

  async write(workspaceId: string, content: WorkspaceContent, expected: Version): Promise<Version> {
    this.writeAttempts++
    await this.beforeWrite(workspaceId)
    const current = this.records.get(workspaceId)?.version ?? NEVER_WRITTEN
    if (compareVersions(current, expected) !== 0) throw versionConflict(workspaceId)
    const version = this.put(workspaceId, content)
    this.afterWrite(workspaceId)
    return version
  }

  // The service uses none of these: they tell so, should that ever change.
  changes(): AsyncIterable<Change> {
    throw repositoryUnavailable('this repository has no feed')
  }

  scan(): AsyncIterable<never> {
    throw repositoryUnavailable('this repository cannot be scanned')
  }

  async ready(): Promise<void> {}

  async status(): Promise<RepositoryStatus> {
    return { engine: 'memory', workspaces: this.records.size, bytes: 0 }
  }

  async close(): Promise<void> {}
}
