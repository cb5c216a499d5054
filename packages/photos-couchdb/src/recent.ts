import { LRUCache } from 'lru-cache'
import type { Version, WorkspaceId } from 'photos-domain'
import type { Stored } from './document.js'

/** Of so many workspaces it is known what a write may be based on: one to a workspace that is written often is not preceded by a read. */
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

/** What was read or written last of a workspace, until a write takes it. */
export class RecentBases {
  readonly #bases = new LRUCache<WorkspaceId, Basis>({ max: MOST_BASES })

  keep(workspaceId: WorkspaceId, basis: Basis): void {
    this.#bases.set(workspaceId, basis)
  }

  take(workspaceId: WorkspaceId): Basis | undefined {
    const basis = this.#bases.peek(workspaceId)
    this.#bases.delete(workspaceId)
    return basis
  }
}

/** The workspaces in which a write lost to another, until they are read afresh. */
export class ContestedWorkspaces {
  readonly #workspaces = new LRUCache<WorkspaceId, true>({ max: MOST_CONTESTED })

  add(workspaceId: WorkspaceId): void {
    this.#workspaces.set(workspaceId, true)
  }

  /** Whether it was one; it is none any more. */
  take(workspaceId: WorkspaceId): boolean {
    return this.#workspaces.delete(workspaceId)
  }
}
