import type { WorkspaceId } from 'photos-domain'

/** A line of NDJSON for one workspace goes before and after the bytes of its photos, which are JSON without line breaks. */
const BEFORE_ID = Buffer.from('{"workspaceId":"')
const BEFORE_PHOTOS = Buffer.from('","photos":')
const AFTER_PHOTOS = Buffer.from('}\n')

/** A new chunk is begun when the last one has this much. */
const CHUNK_BYTES = 256 * 1024

/** Puts workspaces as NDJSON into chunks, copying the bytes of the photos once and parsing nothing. */
export class NdjsonChunks {
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  #length = 0

  /** Whether there is enough to be written. */
  get ready(): boolean {
    return this.#length >= CHUNK_BYTES / 2
  }

  /** @param workspaceId as the domain knows it: nothing in it has to be escaped in JSON */
  add(workspaceId: WorkspaceId, photos: Uint8Array): void {
    this.#reserve(
      BEFORE_ID.length + workspaceId.length + BEFORE_PHOTOS.length + photos.length + AFTER_PHOTOS.length,
    )
    this.#append(BEFORE_ID)
    this.#length += this.#chunk.write(workspaceId, this.#length, 'latin1')
    this.#append(BEFORE_PHOTOS)
    this.#append(photos)
    this.#append(AFTER_PHOTOS)
  }

  /** What was added since the last time, whole lines; empty where nothing was. It is the caller's from now on. */
  take(): Buffer {
    const taken = this.#chunk.subarray(0, this.#length)
    this.#chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    this.#length = 0
    return taken
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#chunk.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#chunk.length * 2, this.#length + bytes))
    this.#chunk.copy(larger, 0, 0, this.#length)
    this.#chunk = larger
  }

  #append(bytes: Uint8Array): void {
    this.#chunk.set(bytes, this.#length)
    this.#length += bytes.length
  }
}
