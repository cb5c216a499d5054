import type { Version, WorkspaceId } from 'photos-domain'
import type { Stored } from './document.js'

/** Of how many workspaces it is remembered what a write may be based on: a write to one of those that are written often is not preceded by a read. */
const MOST_BASES = 16_384
/** Most are for what follows at once. */
const MOST_CONTESTED = 4096

/** What a write may be based on: what was read or written last, without its bytes. */
export type Basis = Pick<Stored, 'isDeleted' | 'losers'> & { readonly version: Version }

export const basisOf = ({ record, isDeleted, losers }: Stored): Basis => ({
  version: record.version,
  isDeleted,
  losers,
})

/** Values by workspace, the latest of them: the oldest is forgotten. */
class Recent<T> {
  readonly #values = new Map<WorkspaceId, T>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  keep(workspaceId: WorkspaceId, value: T): void {
    this.#values.delete(workspaceId)
    this.#values.set(workspaceId, value)
    if (this.#values.size <= this.#most) return
    const [oldest] = this.#values.keys()
    if (oldest !== undefined) this.#values.delete(oldest)
  }

  take(workspaceId: WorkspaceId): T | undefined {
    const value = this.#values.get(workspaceId)
    this.#values.delete(workspaceId)
    return value
  }
}

/** What was read or written last of a workspace, until a write takes it. */
export class RecentBases extends Recent<Basis> {
  constructor() {
    super(MOST_BASES)
  }
}

/** The workspaces in which a write lost to another, until they are read afresh. */
export class ContestedWorkspaces {
  readonly #recent = new Recent<true>(MOST_CONTESTED)

  add(workspaceId: WorkspaceId): void {
    this.#recent.keep(workspaceId, true)
  }

  /** Whether it was one; it is none any more. */
  take(workspaceId: WorkspaceId): boolean {
    return this.#recent.take(workspaceId) === true
  }
}
