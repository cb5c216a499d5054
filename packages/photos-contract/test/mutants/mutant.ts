import type { MemoryStore, MemoryStoreHooks, RepositoryContractOptions } from 'photos-contract'
import type { PhotoRepository } from 'photos-domain'

/** A repository that breaks one rule: the memory model, altered. */
export interface Mutant {
  /** What it does wrong. */
  readonly does: string
  /** The titles of the tests that are there to catch it. */
  readonly caughtBy: readonly string[]
  readonly hooks?: MemoryStoreHooks
  /** What it is allowed; and yet it does more. */
  readonly options?: Partial<Omit<RepositoryContractOptions, 'open' | 'patienceMs'>>
  /**
   * Called once for each store; what it returns, once for each repository on it. That gives the methods which differ from the
   * model's.
   */
  readonly alter: (store: MemoryStore) => (model: PhotoRepository) => Partial<PhotoRepository>
}

/** The model with some of its methods replaced. */
export const altered = (model: PhotoRepository, methods: Partial<PhotoRepository>): PhotoRepository => ({
  read: (workspaceId, options) => model.read(workspaceId, options),
  write: (workspaceId, content, expected) => model.write(workspaceId, content, expected),
  changes: (options) => model.changes(options),
  scan: (options) => model.scan(options),
  ready: () => model.ready(),
  status: () => model.status(),
  close: () => model.close(),
  ...methods,
})
