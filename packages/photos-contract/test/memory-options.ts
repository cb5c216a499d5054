import { createMemoryStore, type MemoryStore, type OpenedRepository } from 'photos-contract'
import type { PhotoRepository } from 'photos-domain'

/** A memory store as the contract wants it, with `handle` opening each repository on it. */
export async function openMemory(
  store: MemoryStore = createMemoryStore(),
  handle: () => PhotoRepository = () => store.handle(),
): Promise<OpenedRepository> {
  return {
    repository: handle(),
    reopen: async () => handle(),
    outage: { begin: async () => store.goDown(), end: async () => store.comeBack() },
    lostAnswers: { begin: async () => store.loseAnswers(), end: async () => store.deliverAnswers() },
    dispose: async () => {},
  }
}
