import { corruptRecord, type Version, type WorkspaceContent, type WorkspaceRecord } from 'photos-domain'
import { TextRecord } from './text-record.js'

/*
 * A stored value is the photos as they are sent, so that reading a record without receipts, which nearly all are, copies
 * and parses nothing more. A JSON array ends with `]`; where there are receipts another byte follows them:
 *
 *   photos
 *   photos  receipts  length of receipts (uint32, little-endian)  0x01
 */

const OPENING_BRACKET = 0x5b
const CLOSING_BRACKET = 0x5d
const WITH_RECEIPTS = 0x01
/** The bytes after the receipts: their length and the last byte. */
const TRAILER_LENGTH = 5

/**
 * The value to store. Receipts of no bytes are none.
 * @throws PhotosError `CORRUPT_RECORD` where the photos are not a JSON array: it could not be told from a damaged value
 */
export function encodeValue(workspaceId: string, { photos, receipts }: WorkspaceContent): Uint8Array {
  if (photos[0] !== OPENING_BRACKET || photos.at(-1) !== CLOSING_BRACKET) {
    throw corruptRecord(workspaceId, 'may only be a JSON array of photos')
  }
  if (receipts === undefined || receipts.length === 0) return photos
  const value = Buffer.allocUnsafe(photos.length + receipts.length + TRAILER_LENGTH)
  value.set(photos)
  value.set(receipts, photos.length)
  value.writeUInt32LE(receipts.length, value.length - TRAILER_LENGTH)
  value.writeUInt8(WITH_RECEIPTS, value.length - 1)
  return value
}

/**
 * The record in a stored value.
 * @param value a character for each byte (`latin1`)
 * @throws PhotosError `CORRUPT_RECORD`
 */
export function decodeValue(workspaceId: string, value: string, version: Version): WorkspaceRecord {
  if (value.charCodeAt(0) === OPENING_BRACKET) {
    const last = value.charCodeAt(value.length - 1)
    if (last === CLOSING_BRACKET) return new TextRecord(version, value)
    if (last === WITH_RECEIPTS) return decodeWithReceipts(workspaceId, Buffer.from(value, 'latin1'), version)
  }
  throw corruptRecord(workspaceId, `is no JSON array of photos (${value.length} bytes)`)
}

function decodeWithReceipts(workspaceId: string, value: Buffer, version: Version): WorkspaceRecord {
  const receiptsEnd = value.length - TRAILER_LENGTH
  const photosEnd = receiptsEnd < 0 ? -1 : receiptsEnd - value.readUInt32LE(receiptsEnd)
  if (photosEnd < 2 || value[photosEnd - 1] !== CLOSING_BRACKET) {
    throw corruptRecord(workspaceId, `has receipts of a length that cannot be (${value.length} bytes)`)
  }
  return { photos: value.subarray(0, photosEnd), receipts: value.subarray(photosEnd, receiptsEnd), version }
}
