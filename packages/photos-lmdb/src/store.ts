import { ChangeNews } from './change-news.js'
import { CommitQueue } from './commit-queue.js'
import { Environment, prepareDirectory } from './environment.js'

/** An open store, shared by all repositories on it in this process (or thread). */
export interface Store {
  readonly environment: Environment
  readonly commits: CommitQueue
  readonly news: ChangeNews
}

interface OpenStore extends Store {
  users: number
  /** Set once the last user has left. */
  closed: Promise<void> | undefined
}

/**
 * The open stores by path. A process must not open an LMDB environment twice: the second opening waits, blocking the event
 * loop, for the write transaction of the first, which waits for the event loop.
 */
const openStores = new Map<string, OpenStore>()

/** Opens the store in a directory, or shares it. @throws PhotosError `REPOSITORY_UNAVAILABLE` */
export async function acquireStore(path: string): Promise<Store> {
  const directory = prepareDirectory(path)
  let store = openStores.get(directory)
  while (store?.closed !== undefined) {
    await store.closed
    store = openStores.get(directory)
  }
  store ??= openStore(directory)
  store.users++
  return store
}

function openStore(directory: string): OpenStore {
  const environment = new Environment(directory)
  const news = new ChangeNews(() => environment.lastVersion())
  const commits = new CommitQueue(environment, () => news.tell())
  const store: OpenStore = { environment, commits, news, users: 0, closed: undefined }
  openStores.set(directory, store)
  return store
}

/** Lets go of a store that was acquired; the last one to do so closes it. All of its own writes must have settled. */
export async function releaseStore({ environment }: Store): Promise<void> {
  const store = openStores.get(environment.path)
  if (store === undefined) return
  store.users--
  if (store.users > 0) return
  store.closed = environment.close().finally(() => openStores.delete(environment.path))
  await store.closed
}
