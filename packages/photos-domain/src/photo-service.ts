import type { Backoff } from './backoff.js'
import { isPhotoId, isWorkspaceId, parseNewPhoto, parsePhotoPatch } from './check.js'
import {
  idempotencyKeyReused,
  invalidInput,
  photoNotFound,
  preconditionFailed,
  workspaceFull,
} from './errors.js'
import { PHOTO_ID_MESSAGE, WORKSPACE_ID_MESSAGE } from './messages.js'
import {
  DEFAULT_MAX_PHOTOS_PER_WORKSPACE,
  type NewPhoto,
  type Photo,
  type PhotoId,
  type PhotoPatch,
  type WorkspaceId,
} from './model.js'
import { findPhoto, photosTextOf } from './photo-bytes.js'
import { fingerprintOf, type Receipt, withReceipt } from './receipts.js'
import type { Awaitable, PhotoRepository, ReadOptions, WorkspaceRecord } from './repository.js'
import type { Version } from './version.js'
import { WorkspaceWriter } from './workspace-writer.js'
import type { Decide } from './write-draft.js'

/** Versions a client names in If-Match or If-None-Match (RFC 9110, section 13.1); `*` stands for any. */
export type VersionCondition = '*' | readonly Version[]

export interface WriteConditions {
  /** Write only if the record is at one of these versions. */
  readonly ifMatch?: VersionCondition | undefined
  /** Write only if the record is at none of these versions. */
  readonly ifNoneMatch?: VersionCondition | undefined
}

export interface AddOptions extends WriteConditions {
  /** The same key with the same photo makes one photo, however often it is sent. 1 to 255 printable ASCII characters. */
  readonly idempotencyKey?: string | undefined
}

export interface Written {
  /** The version of the record that holds what was written. */
  readonly version: Version
}

export interface AddedPhoto {
  readonly photo: Photo
  /** The record's version, while the photo there is still the one that was added; otherwise absent. */
  readonly version: Version | undefined
  /** True when an earlier request with the same idempotency key had added it. */
  readonly replayed: boolean
}

export interface PhotoServiceOptions {
  /** The most photos a workspace may hold. Default 1000. */
  readonly maxPhotosPerWorkspace?: number | undefined
  /** How many idempotency keys a workspace remembers, the latest ones. Default 32. */
  readonly maxReceipts?: number | undefined
  /** How long an idempotency key is remembered. Default 24 hours. */
  readonly receiptMaxAgeMs?: number | undefined
  /**
   * How often a write decides on what is stored, and how long it waits after one that lost against another. Default: 12 attempts, 4 ms
   * doubling up to 250 ms.
   */
  readonly backoff?: Backoff | undefined
  /** How many writes to one workspace may wait in this process; one more is refused. Default 1000. */
  readonly maxQueuedWrites?: number | undefined
}

/** The longest Idempotency-Key that is taken, in characters. */
export const MAX_IDEMPOTENCY_KEY_LENGTH = 255
/** The header's value is a String of RFC 8941, section 3.3.3 (draft-ietf-httpapi-idempotency-key-header, section 2.1). */
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/

/**
 * Everything one can do with photos, over any repository.
 *
 * Writes to one workspace from one service take turns, so that only those of other processes can come between, and those that
 * wait are stored together. A write decides on the record as a cache has it, and is made on condition that this is what is
 * stored; when it is not, and where nothing is to be stored, it decides on the record as it is in the store, past every cache.
 *
 * Besides the errors named at each method, all reject with what the repository rejects with.
 */
export class PhotoService {
  readonly #repository: PhotoRepository
  readonly #maxPhotos: number
  readonly #receiptLimits: { readonly maxReceipts: number; readonly maxAgeMs: number }
  readonly #writer: WorkspaceWriter

  constructor(repository: PhotoRepository, options: PhotoServiceOptions = {}) {
    this.#repository = repository
    this.#maxPhotos = options.maxPhotosPerWorkspace ?? DEFAULT_MAX_PHOTOS_PER_WORKSPACE
    this.#receiptLimits = {
      maxReceipts: options.maxReceipts ?? 32,
      maxAgeMs: options.receiptMaxAgeMs ?? 24 * 60 * 60 * 1000,
    }
    this.#writer = new WorkspaceWriter(repository, options.backoff, options.maxQueuedWrites)
  }

  /**
   * The photos of a workspace, newest first, as the bytes to send: `record.photos`. A workspace that was never written is
   * an empty list. A promise only where the repository needs one.
   * @throws PhotosError `INVALID_INPUT`
   */
  list(workspaceId: WorkspaceId, options?: ReadOptions): Awaitable<WorkspaceRecord> {
    checkWorkspaceId(workspaceId)
    return this.#repository.read(workspaceId, options)
  }

  /**
   * Adds a photo in front.
   * @throws PhotosError `INVALID_INPUT`, `WORKSPACE_FULL`, `PRECONDITION_FAILED`, `IDEMPOTENCY_KEY_REUSED`, `WRITE_CONTENTION`
   */
  async add(workspaceId: WorkspaceId, newPhoto: NewPhoto, options: AddOptions = {}): Promise<AddedPhoto> {
    const { url, description } = parseNewPhoto(newPhoto)
    const key = checkIdempotencyKey(options.idempotencyKey)
    const fingerprint = key === undefined ? '' : await fingerprintOf({ url, description })
    // The id is made once: should an attempt have been stored although it seemed to fail, the next one finds the photo.
    const photo: Photo = { id: crypto.randomUUID(), url, description }
    const { result, version } = await this.#write(workspaceId, options, ({ version, photos, receipts }) => {
      const receipt = key === undefined ? undefined : this.#findReceipt(receipts, key)
      if (receipt !== undefined) {
        if (receipt.fingerprint !== fingerprint) throw idempotencyKeyReused()
        const made: Photo = { id: receipt.photoId, url, description }
        const unchanged = samePhoto(
          photos.find(({ id }) => id === made.id),
          made,
        )
        return { about: made.id, result: { photo: made, unchanged, replayed: made.id !== photo.id } }
      }
      const stored = photos.find(({ id }) => id === photo.id)
      if (stored !== undefined) {
        const unchanged = samePhoto(stored, photo)
        return { about: photo.id, result: { photo, unchanged, replayed: false } }
      }
      if (photos.length >= this.#maxPhotos) throw workspaceFull(workspaceId, this.#maxPhotos)
      checkConditions(workspaceId, version, options)
      const next = {
        photos: [photo, ...photos],
        receipts:
          key === undefined
            ? receipts
            : withReceipt(
                receipts,
                { key, fingerprint, photoId: photo.id, at: Date.now() },
                this.#receiptLimits,
              ),
      }
      return { next, about: photo.id, result: { photo, unchanged: true, replayed: false } }
    })
    return { photo: result.photo, version: result.unchanged ? version : undefined, replayed: result.replayed }
  }

  /**
   * Changes fields of a photo. What is the same already is not written again.
   * @throws PhotosError `INVALID_INPUT`, `PHOTO_NOT_FOUND`, `PRECONDITION_FAILED`, `WRITE_CONTENTION`
   */
  async update(
    workspaceId: WorkspaceId,
    photoId: PhotoId,
    patch: PhotoPatch,
    conditions: WriteConditions = {},
  ): Promise<Written & { readonly photo: Photo }> {
    checkPhotoId(photoId)
    const { url, description } = parsePhotoPatch(patch)
    const { result, version } = await this.#write(workspaceId, conditions, ({ version, photos }) => {
      const before = photos.find(({ id }) => id === photoId)
      if (before === undefined) throw photoNotFound(workspaceId, photoId)
      checkConditions(workspaceId, version, conditions)
      const after: Photo = {
        id: photoId,
        url: url ?? before.url,
        description: description ?? before.description,
      }
      if (samePhoto(before, after)) return { about: photoId, result: after }
      return {
        next: { photos: photos.map((photo) => (photo.id === photoId ? after : photo)) },
        about: photoId,
        result: after,
      }
    })
    return { photo: result, version }
  }

  /**
   * Removes one photo.
   * @throws PhotosError `INVALID_INPUT`, `PHOTO_NOT_FOUND`, `PRECONDITION_FAILED`, `WRITE_CONTENTION`
   */
  async remove(
    workspaceId: WorkspaceId,
    photoId: PhotoId,
    conditions: WriteConditions = {},
  ): Promise<Written> {
    checkPhotoId(photoId)
    const { version } = await this.#write(workspaceId, conditions, ({ version, photos }) => {
      const rest = photos.filter(({ id }) => id !== photoId)
      if (rest.length === photos.length) throw photoNotFound(workspaceId, photoId)
      checkConditions(workspaceId, version, conditions)
      return { next: { photos: rest }, about: photoId, result: undefined }
    })
    return { version }
  }

  /**
   * Removes every photo of a workspace at once. The record stays, at a higher version; an empty one is left as it is.
   * @throws PhotosError `INVALID_INPUT`, `PRECONDITION_FAILED`, `WRITE_CONTENTION`
   */
  async clear(workspaceId: WorkspaceId, conditions: WriteConditions = {}): Promise<Written> {
    const { version } = await this.#write(workspaceId, conditions, ({ version, photos }) => {
      checkConditions(workspaceId, version, conditions)
      return photos.length === 0 ? { result: undefined } : { next: { photos: [] }, result: undefined }
    })
    return { version }
  }

  #findReceipt(receipts: readonly Receipt[], key: string): Receipt | undefined {
    const oldest = Date.now() - this.#receiptLimits.maxAgeMs
    return receipts.find((receipt) => receipt.key === key && receipt.at > oldest)
  }

  #write<T>(
    workspaceId: WorkspaceId,
    { ifMatch, ifNoneMatch }: WriteConditions,
    decide: Decide<T>,
  ): Promise<{ readonly result: T; readonly version: Version }> {
    checkWorkspaceId(workspaceId)
    return this.#writer.write(workspaceId, ifMatch !== undefined || ifNoneMatch !== undefined, decide)
  }
}

/**
 * The bytes of one photo of a record, as the JSON object to send. Nothing is parsed.
 * @throws PhotosError `INVALID_INPUT`, `PHOTO_NOT_FOUND`
 */
export function photoIn(record: WorkspaceRecord, workspaceId: WorkspaceId, photoId: PhotoId): Uint8Array {
  return Buffer.from(photoTextIn(record, workspaceId, photoId), 'latin1')
}

/**
 * The same as a text with a character for each byte, as `photosTextOf` gives.
 * @throws PhotosError `INVALID_INPUT`, `PHOTO_NOT_FOUND`
 */
export function photoTextIn(record: WorkspaceRecord, workspaceId: WorkspaceId, photoId: PhotoId): string {
  checkPhotoId(photoId)
  const photo = findPhoto(photosTextOf(record), photoId)
  if (photo === undefined) throw photoNotFound(workspaceId, photoId)
  return photo
}

const samePhoto = (a: Photo | undefined, b: Photo): boolean =>
  a !== undefined && a.id === b.id && a.url === b.url && a.description === b.description

/**
 * RFC 9110, section 13.2.2: If-Match first, then If-None-Match; and section 13.2.1: only where the write would succeed
 * without them, so every other error comes first.
 */
function checkConditions(
  workspaceId: WorkspaceId,
  version: Version,
  { ifMatch, ifNoneMatch }: WriteConditions,
): void {
  if (ifMatch !== undefined && !names(ifMatch, version)) throw preconditionFailed(workspaceId)
  if (ifNoneMatch !== undefined && names(ifNoneMatch, version)) throw preconditionFailed(workspaceId)
}

/** A workspace always exists, if only as an empty list, so `*` always holds. */
const names = (condition: VersionCondition, version: Version): boolean =>
  condition === '*' || condition.includes(version)

function checkWorkspaceId(workspaceId: WorkspaceId): void {
  if (!isWorkspaceId(workspaceId)) {
    throw invalidInput([{ field: 'workspaceId', message: WORKSPACE_ID_MESSAGE }])
  }
}

function checkPhotoId(photoId: PhotoId): void {
  if (!isPhotoId(photoId)) throw invalidInput([{ field: 'id', message: PHOTO_ID_MESSAGE }])
}

function checkIdempotencyKey(key: string | undefined): string | undefined {
  if (key !== undefined && (!PRINTABLE_ASCII.test(key) || key.length > MAX_IDEMPOTENCY_KEY_LENGTH)) {
    const message = `must be 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} printable ASCII characters`
    throw invalidInput([{ field: 'Idempotency-Key', message }])
  }
  return key
}
