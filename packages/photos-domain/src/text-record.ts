import type { WorkspaceRecord } from './repository.js'
import type { Version } from './version.js'

export interface TextRecordContent {
  readonly version: Version
  readonly photosText: string
  readonly receipts?: Uint8Array | undefined
  readonly cacheStatus?: string | undefined
  readonly stale?: boolean | undefined
}

/**
 * A record whose photos are held as a text, which takes less memory than a buffer and is sent without a copy; their bytes are made for
 * those who ask for them.
 */
export class TextRecord implements WorkspaceRecord {
  readonly version: Version
  readonly photosText: string
  readonly receipts: Uint8Array | undefined
  readonly cacheStatus: string | undefined
  readonly stale: boolean | undefined

  constructor({ version, photosText, receipts, cacheStatus, stale }: TextRecordContent) {
    this.version = version
    this.photosText = photosText
    this.receipts = receipts
    this.cacheStatus = cacheStatus
    this.stale = stale
  }

  /** Made anew each time. */
  get photos(): Uint8Array {
    return Buffer.from(this.photosText, 'latin1')
  }
}

/** The bytes of the photos as a text, one character (U+0000 to U+00FF) for each byte: the encoding that Node calls `latin1`. */
export function photosTextOf(record: Pick<WorkspaceRecord, 'photos' | 'photosText'>): string {
  if (record.photosText !== undefined) return record.photosText
  const { photos } = record
  return Buffer.prototype.latin1Slice.call(photos, 0, photos.length)
}
