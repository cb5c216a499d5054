import {
  type Change,
  type ChangesOptions,
  compareVersions,
  type PhotoRepository,
  type Version,
  type WorkspaceId,
} from 'photos-domain'
import { codeOf } from './outcomes.js'

/** Consumes a live feed in the background and keeps what it tells. */
export class Follower {
  readonly changes: Change[] = []
  /** How the feed ended, once it has: `resolved`, or the code that it failed with. */
  ending: Awaited<ReturnType<typeof codeOf>> | undefined
  readonly #abort = new AbortController()
  readonly #ended: Promise<void>

  constructor(repository: PhotoRepository, { since, signal }: Pick<ChangesOptions, 'since' | 'signal'>) {
    signal?.addEventListener('abort', () => this.#abort.abort())
    this.#ended = this.#follow(repository, since)
  }

  async #follow(repository: PhotoRepository, since: string | undefined): Promise<void> {
    const { signal } = this.#abort
    this.ending = await codeOf(async () => {
      for await (const change of repository.changes({ since, live: true, signal })) {
        this.changes.push(change)
      }
    })
  }

  /** Whether the feed has told this version of the workspace, or a later one. Throws if the feed has ended, as it then never will. */
  hasTold(workspaceId: WorkspaceId, version: Version): boolean {
    const told = this.changes.some((change) => {
      return change.workspaceId === workspaceId && compareVersions(change.version, version) >= 0
    })
    if (!told && this.ending !== undefined) throw new Error(`the feed has ended: ${this.ending}`)
    return told
  }

  hasToldAll(records: ReadonlyMap<WorkspaceId, { readonly version: Version }>): boolean {
    return [...records].every(([workspaceId, { version }]) => this.hasTold(workspaceId, version))
  }

  /** Aborts the feed; resolves once it has ended. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#ended
  }
}
