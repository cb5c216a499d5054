import { ChangeNews } from './change-news.js'
import { CommitQueue } from './commit-queue.js'
import { Environment, prepareDirectory } from './environment.js'

/** An open store, shared by all repositories on it in this process (or thread). */
export interface Store {
  readonly environment: Environment
  readonly commits: CommitQueue
  readonly news: ChangeNews
}

interface OpenStore {
  readonly store: Promise<Store>
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
  let opened = openStores.get(directory)
  while (opened?.closed !== undefined) {
    await opened.closed
    opened = openStores.get(directory)
  }
  if (opened === undefined) {
    opened = { store: openStore(directory), users: 0, closed: undefined }
    openStores.set(directory, opened)
  }
  opened.users++
  return await opened.store
}

async function openStore(directory: string): Promise<Store> {
  try {
    const environment = await Environment.open(directory)
    const news = new ChangeNews(() => environment.lastVersion())
    const commits = new CommitQueue(environment, () => news.tell())
    return { environment, commits, news }
  } catch (error) {
    openStores.delete(directory)
    throw error
  }
}

/** Lets go of a store that was acquired; the last one to do so closes it. All of its own writes must have settled. */
export async function releaseStore({ environment }: Store): Promise<void> {
  const opened = openStores.get(environment.path)
  if (opened === undefined) return
  opened.users--
  if (opened.users > 0) return
  opened.closed = environment.close().finally(() => openStores.delete(environment.path))
  await opened.closed
}
