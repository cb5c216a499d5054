import { createHash, type Hash } from 'node:crypto'
import { NO_PHOTOS, type PhotoRepository, type WorkspaceId } from 'photos-domain'
import { type RetryOptions, withRetries } from 'photos-samples'
import { resuming } from './resuming.js'

export interface VerifyOptions {
  /** Stops the comparison without an error; what was found until then is returned. */
  readonly signal?: AbortSignal | undefined
  /** Called for every workspace of the source. */
  readonly onProgress?: ((compared: number) => void) | undefined
  readonly retry?: Omit<RetryOptions, 'signal'> | undefined
}

/** What a store holds, emptied workspaces left out. */
export interface Contents {
  /** How many workspaces have photos. */
  readonly workspaces: number
  /** SHA-256 over the id and the photos of each, in the byte order of the ids; hexadecimal. */
  readonly checksum: string
}

export interface Comparison {
  readonly source: Contents
  readonly target: Contents
  /** How many workspaces have other photos here than there, or have them in one store only. */
  readonly differences: number
  /** The first of them. */
  readonly differing: readonly WorkspaceId[]
}

/** So many of those that differ are named. */
export const MAX_NAMED = 1000

/**
 * Compares the photos of two stores byte for byte, in one pass over both by ascending id. A workspace that was emptied is the same
 * as one that was never written.
 * @throws PhotosError when a store fails and does not come back in time
 */
export async function compareStores(
  source: PhotoRepository,
  target: PhotoRepository,
  { signal, onProgress, retry = {} }: VerifyOptions = {},
): Promise<Comparison> {
  const ours = new Side(source, { ...retry, signal })
  const theirs = new Side(target, { ...retry, signal })
  const differing: WorkspaceId[] = []
  let differences = 0
  try {
    await Promise.all([ours.next(), theirs.next()])
    while (signal?.aborted !== true && (ours.current !== undefined || theirs.current !== undefined)) {
      const order = compareIds(ours.current?.workspaceId, theirs.current?.workspaceId)
      const here = order <= 0 ? ours.current : undefined
      const there = order >= 0 ? theirs.current : undefined
      if (Buffer.compare(here?.photos ?? NO_PHOTOS, there?.photos ?? NO_PHOTOS) !== 0) {
        differences++
        const workspaceId = (here ?? there)?.workspaceId
        if (differing.length < MAX_NAMED && workspaceId !== undefined) differing.push(workspaceId)
      }
      await Promise.all([here && ours.next(), there && theirs.next()])
      onProgress?.(ours.seen)
    }
  } finally {
    await Promise.allSettled([ours.end(), theirs.end()])
  }
  return { source: ours.contents(), target: theirs.contents(), differences, differing }
}

/** Those of the workspaces that have other photos here than there now. */
export async function stillDiffering(
  source: PhotoRepository,
  target: PhotoRepository,
  workspaceIds: readonly WorkspaceId[],
  retry: RetryOptions,
): Promise<WorkspaceId[]> {
  const differing: WorkspaceId[] = []
  for (const workspaceId of workspaceIds) {
    const [here, there] = await withRetries(
      () =>
        Promise.all([source.read(workspaceId, { fresh: true }), target.read(workspaceId, { fresh: true })]),
      retry,
    )
    if (Buffer.compare(here.photos, there.photos) !== 0) differing.push(workspaceId)
  }
  return differing
}

interface Workspace {
  readonly workspaceId: WorkspaceId
  readonly photos: Uint8Array
}

/** One of the two stores, workspace by workspace. */
class Side {
  /** Undefined before the first `next`, and after the last workspace. */
  current: Workspace | undefined
  /** How many workspaces there were, emptied ones included. */
  seen = 0
  readonly #workspaces: AsyncGenerator<Workspace, void, undefined>
  readonly #hash: Hash = createHash('sha256')
  #withPhotos = 0

  constructor(repository: PhotoRepository, retry: RetryOptions) {
    this.#workspaces = resuming((last) => workspacesOf(repository, last?.workspaceId, retry.signal), retry)
  }

  async next(): Promise<void> {
    const { value } = await this.#workspaces.next()
    this.current = value ?? undefined
    if (this.current === undefined) return
    this.seen++
    const { workspaceId, photos } = this.current
    if (Buffer.compare(photos, NO_PHOTOS) === 0) return
    this.#withPhotos++
    // No id has a space, and the photos are an array: where one ends and the other begins cannot be mistaken.
    this.#hash.update(`${workspaceId} `).update(photos).update('\n')
  }

  contents(): Contents {
    return { workspaces: this.#withPhotos, checksum: this.#hash.copy().digest('hex') }
  }

  async end(): Promise<void> {
    await this.#workspaces.return()
  }
}

async function* workspacesOf(
  repository: PhotoRepository,
  after: WorkspaceId | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Workspace, void, undefined> {
  for await (const { workspaceId, record } of repository.scan({ after, signal })) {
    yield { workspaceId, photos: record.photos }
  }
}

/** In byte order, which for ids is that of their characters; a store that has ended comes last. */
function compareIds(a: WorkspaceId | undefined, b: WorkspaceId | undefined): number {
  if (a === b) return 0
  if (a === undefined) return 1
  if (b === undefined) return -1
  return a < b ? -1 : 1
}
