import type { Version, WorkspaceRecord } from 'photos-domain'

/** A record without receipts, of which only the text of its photos was read from the store: it is what is sent. */
export class TextRecord implements WorkspaceRecord {
  readonly version: Version
  readonly photosText: string

  constructor(version: Version, photosText: string) {
    this.version = version
    this.photosText = photosText
  }

  /** Made for each who asks for them. */
  get photos(): Uint8Array {
    return Buffer.from(this.photosText, 'latin1')
  }
}
