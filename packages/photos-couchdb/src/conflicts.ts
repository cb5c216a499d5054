import {
  encodePhotos,
  encodeReceipts,
  isPhotosError,
  type Photo,
  type Receipt,
  type Version,
  type WorkspaceContent,
  type WorkspaceId,
} from 'photos-domain'
import { type Leaf, photosIn, receiptsIn, winnerOf } from './document.js'
import { getLeavesOfAllCopies, type Limits } from './documents-api.js'
import { notCouchdb, toPhotosError } from './failure.js'
import { isObject } from './json.js'
import type { Nodes } from './nodes.js'
import type { Write, Writer, Written } from './writer.js'

/** Every leaf of one document, with its history, tombstones too. @throws PhotosError */
export async function readLeaves(
  nodes: Nodes,
  workspaceId: WorkspaceId,
  limits: Limits,
): Promise<readonly Leaf[]> {
  try {
    return await nodes.run((node) => getLeavesOfAllCopies(node, workspaceId, limits), limits)
  } catch (error) {
    throw toPhotosError(error)
  }
}

/** Whether `version` is the leaf itself, or one that it came from. The leaf must have been read with its history. */
export function descendsFrom({ version, document }: Leaf, ancestor: Version): boolean {
  if (version === ancestor) return true
  const revisions = document['_revisions']
  if (!isObject(revisions) || typeof revisions['start'] !== 'number' || !Array.isArray(revisions['ids']))
    return false
  const dash = ancestor.indexOf('-')
  return revisions['ids'][revisions['start'] - Number(ancestor.slice(0, dash))] === ancestor.slice(dash + 1)
}

/** The content of a leaf that was not deleted. @throws PhotosError `CORRUPT_RECORD` */
export const contentOf = (workspaceId: WorkspaceId, { document }: Leaf): WorkspaceContent => ({
  photos: encodePhotos(photosIn(workspaceId, document)),
  receipts: encodeReceipts(receiptsIn(workspaceId, document)),
})

export function isSameContent(a: WorkspaceContent, b: WorkspaceContent): boolean {
  return (
    Buffer.compare(a.photos, b.photos) === 0 && Buffer.compare(a.receipts ?? NONE, b.receipts ?? NONE) === 0
  )
}

const NONE = new Uint8Array()

/**
 * The content of a workspace that was edited in two places: what the winner has, and of the losers every photo that the winner
 * does not have. A photo that only a loser has goes in front of the first of its followers that the merged list has, so it
 * keeps its place among those it was added before and after. What one side removed and the other kept is kept.
 * @throws PhotosError `CORRUPT_RECORD`
 */
export function mergedContent(
  workspaceId: WorkspaceId,
  winner: Leaf,
  losers: readonly Leaf[],
): WorkspaceContent {
  const photos: Photo[] = [...photosIn(workspaceId, winner.document)]
  const receipts: Receipt[] = [...receiptsIn(workspaceId, winner.document)]
  for (const { document } of losers) {
    mergePhotos(photos, photosIn(workspaceId, document))
    const known = new Set(receipts.map(({ key }) => key))
    receipts.push(...receiptsIn(workspaceId, document).filter(({ key }) => !known.has(key)))
  }
  // The latest first, as the service keeps them.
  receipts.sort((a, b) => b.at - a.at)
  return { photos: encodePhotos(photos), receipts: encodeReceipts(receipts) }
}

function mergePhotos(merged: Photo[], others: readonly Photo[]): void {
  const known = new Set(merged.map(({ id }) => id))
  // From the oldest on, so that the follower of each is in the list already.
  let follower: string | undefined
  for (const photo of others.toReversed()) {
    if (!known.has(photo.id)) {
      const at = merged.findIndex(({ id }) => id === follower)
      merged.splice(at === -1 ? merged.length : at, 0, photo)
      known.add(photo.id)
    }
    follower = photo.id
  }
}

/**
 * Merges the leaves of one document and removes those that lost; resolves to how many were removed. First the merged content
 * is written onto the winner, and only then, when it is there, the losers are deleted: whatever fails in between, no photo is
 * lost, and doing it again does the rest.
 * @throws PhotosError `VERSION_CONFLICT` when the document was written meanwhile, and those of a write
 */
export async function mergeConflict(
  writer: Writer,
  workspaceId: WorkspaceId,
  leaves: readonly Leaf[],
): Promise<number> {
  const live = leaves.filter(({ isDeleted }) => !isDeleted)
  const winner = winnerOf(live)
  if (winner === undefined) return 0
  const losers = live.filter((leaf) => leaf !== winner)
  if (losers.length === 0) return 0
  const content = mergedContent(workspaceId, winner, losers)
  if (!isSameContent(content, contentOf(workspaceId, winner))) {
    await writeOne(writer, { workspaceId, content, parent: winner.version })
  }
  for (const { version } of losers) await remove(writer, workspaceId, version)
  return losers.length
}

/** Deletes one leaf; one that is gone already is deleted. */
export async function remove(writer: Writer, workspaceId: WorkspaceId, version: Version): Promise<void> {
  try {
    await writeOne(writer, { workspaceId, content: undefined, parent: version })
  } catch (error) {
    if (!isPhotosError(error, 'VERSION_CONFLICT')) throw error
  }
}

/** Writes one document. @throws PhotosError */
export async function writeOne(writer: Writer, write: Write): Promise<Written> {
  const [outcome] = await writer.write([write])
  if (outcome === undefined) throw toPhotosError(notCouchdb('it has no row for the document'))
  if ('error' in outcome) throw outcome.error
  return outcome.value
}
