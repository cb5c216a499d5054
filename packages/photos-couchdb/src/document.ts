import {
  compareVersions,
  corruptRecord,
  encodePhotos,
  encodeReceipts,
  NEVER_WRITTEN,
  NO_PHOTOS,
  type Photo,
  type Receipt,
  type Version,
  type WorkspaceContent,
  type WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'
import { isObject, type JsonObject } from './json.js'

/*
 * A workspace is one document: `{ "_id": "<workspace id>", "photos": [{ "id", "url", "description" }…], "receipts": […] }`,
 * photos newest first, receipts only where there are any. CouchDB keeps the value and not the text, and others may write
 * documents too, so what is read is brought into the canonical form again, and what is no workspace is told as corrupt.
 */

/** A revision of a document that no other revision follows. A document that was edited in two places has several. */
export interface Leaf {
  readonly version: Version
  /** It was deleted: a tombstone. The service never makes one. */
  readonly isDeleted: boolean
  readonly document: JsonObject
}

/** A leaf of this document. Undefined where the value is not one: then the answer is not CouchDB's. */
export function leafOf(workspaceId: WorkspaceId, document: unknown): Leaf | undefined {
  if (!isObject(document) || document['_id'] !== workspaceId) return undefined
  const version = document['_rev']
  if (typeof version !== 'string' || !REVISION_PATTERN.test(version)) return undefined
  return { version, isDeleted: document['_deleted'] === true, document }
}

const REVISION_PATTERN = /^[1-9]\d*-./

/**
 * The leaf that CouchDB itself answers: one that was not deleted before one that was, then the highest revision.
 * https://docs.couchdb.org/en/stable/replication/conflicts.html#working-with-conflicting-documents
 */
export function winnerOf(leaves: readonly Leaf[]): Leaf | undefined {
  return leaves.reduce<Leaf | undefined>((best, leaf) => {
    return best === undefined || isAbove(leaf, best) ? leaf : best
  }, undefined)
}

function isAbove(a: Leaf, b: Leaf): boolean {
  return a.isDeleted === b.isDeleted ? compareVersions(a.version, b.version) > 0 : b.isDeleted
}

/** What is stored of a workspace. */
export interface Stored {
  readonly record: WorkspaceRecord
  /** The record is a tombstone's: it reads as `[]`, and what is written next must not name it as its parent. */
  readonly isDeleted: boolean
  /** How many other leaves there are that were not deleted. */
  readonly losers: number
}

const NOT_STORED: Stored = {
  record: { photos: NO_PHOTOS, version: NEVER_WRITTEN },
  isDeleted: false,
  losers: 0,
}

/** What the leaves of a document make of it. @throws PhotosError `CORRUPT_RECORD` */
export function storedIn(workspaceId: WorkspaceId, leaves: readonly Leaf[]): Stored {
  const winner = winnerOf(leaves)
  if (winner === undefined) return NOT_STORED
  const { version, isDeleted, document } = winner
  if (isDeleted) return { record: { photos: NO_PHOTOS, version }, isDeleted, losers: 0 }
  const losers = leaves.reduce((count, leaf) => (leaf.isDeleted ? count : count + 1), -1)
  const photos = encodePhotos(photosIn(workspaceId, document))
  const receipts = encodeReceipts(receiptsIn(workspaceId, document))
  return {
    record: receipts === undefined ? { photos, version } : { photos, receipts, version },
    isDeleted,
    losers,
  }
}

/** @throws PhotosError `CORRUPT_RECORD` */
export function photosIn(workspaceId: WorkspaceId, { photos }: JsonObject): readonly Photo[] {
  if (!Array.isArray(photos)) throw corruptRecord(workspaceId, 'has no list of photos')
  if (!photos.every(isPhoto)) throw corruptRecord(workspaceId, 'has an element among its photos that is none')
  return photos
}

/** @throws PhotosError `CORRUPT_RECORD` */
export function receiptsIn(workspaceId: WorkspaceId, { receipts }: JsonObject): readonly Receipt[] {
  if (receipts === undefined) return []
  if (!Array.isArray(receipts) || !receipts.every(isReceipt)) {
    throw corruptRecord(workspaceId, 'has receipts that are none')
  }
  return receipts
}

const isPhoto = (value: unknown): value is Photo =>
  isObject(value) &&
  typeof value['id'] === 'string' &&
  typeof value['url'] === 'string' &&
  typeof value['description'] === 'string'

const isReceipt = (value: unknown): value is Receipt =>
  isObject(value) &&
  typeof value['key'] === 'string' &&
  typeof value['fingerprint'] === 'string' &&
  typeof value['photoId'] === 'string' &&
  typeof value['at'] === 'number'

/** The parts of the JSON of a document, in UTF-8; without content, of its tombstone. The content is JSON already: it is not parsed. */
export function documentParts(
  workspaceId: WorkspaceId,
  content: WorkspaceContent | undefined,
  parent: Version | undefined,
): Uint8Array[] {
  const revision = parent === undefined ? '' : `,"_rev":${JSON.stringify(parent)}`
  const parts: Uint8Array[] = [Buffer.from(`{"_id":${JSON.stringify(workspaceId)}${revision}`)]
  if (content === undefined) parts.push(DELETED)
  else {
    parts.push(PHOTOS, content.photos)
    if (content.receipts !== undefined) parts.push(RECEIPTS, content.receipts)
  }
  parts.push(END)
  return parts
}

const DELETED = Buffer.from(',"_deleted":true')
const PHOTOS = Buffer.from(',"photos":')
const RECEIPTS = Buffer.from(',"receipts":')
const END = Buffer.from('}')
