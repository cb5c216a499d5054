import {
  decodePhotos,
  decodeReceipts,
  encodePhotos,
  encodeReceipts,
  type WorkspaceContent,
  type WorkspaceRecord,
} from 'photos-domain'

/**
 * The content of a workspace whose writers count: it tells its count in each part, and is of another size each time, from one
 * photo to more than fit on a page.
 */
export function contentOf(count: number): WorkspaceContent {
  const id = String(count)
  const photo = { id, url: `https://pictures.example/${id}.jpg`, description: `The picture ${id}` }
  const receipt = { key: id, fingerprint: 'gQ7-_x', photoId: id, at: 1_764_000_000_000 }
  return {
    photos: encodePhotos(Array.from({ length: 1 + (count % 50) }, () => photo)),
    receipts: encodeReceipts(count % 3 === 0 ? [receipt] : []),
  }
}

/** The count that a record tells; 0 for one never written. Throws if its parts do not agree. */
export function countOf(record: WorkspaceRecord): number {
  const count = Number(decodePhotos(record.photos)[0]?.id ?? 0)
  if (count === 0) return 0
  const wanted = contentOf(count)
  const receipts = JSON.stringify(decodeReceipts(record.receipts))
  if (
    Buffer.compare(record.photos, wanted.photos) !== 0 ||
    receipts !== JSON.stringify(decodeReceipts(wanted.receipts))
  ) {
    throw new Error(`a record of count ${count} has something else in it`)
  }
  return count
}
