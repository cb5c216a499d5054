import type { Photo, PhotoId } from './model.js'
import type { WorkspaceRecord } from './repository.js'

/*
 * A workspace's photos are kept and sent as one canonical JSON text: an array without white space, each photo with the keys
 * id, url, description in this order, all of them strings. In such a text `{"id":"` occurs only where a photo begins:
 * inside a string every `"` is written `\"`, and what follows the `"` that ends a string is never `id`. So a photo goes from
 * one `{"id":"` to the comma before the next, or to the `]` at the end, and can be cut out without parsing the text.
 */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

const PHOTO_START = '{"id":"'

/** The bytes of a workspace without photos, `[]`. */
export const NO_PHOTOS: Uint8Array = encoder.encode('[]')

/** The canonical bytes of a list of photos (UTF-8 JSON, see above). */
export function encodePhotos(photos: readonly Photo[]): Uint8Array {
  return photos.length === 0 ? NO_PHOTOS : encoder.encode(JSON.stringify(photos.map(inKeyOrder)))
}

/** The canonical bytes of one photo, as it stands in its list. */
export function encodePhoto(photo: Photo): Uint8Array {
  return encoder.encode(JSON.stringify(inKeyOrder(photo)))
}

const inKeyOrder = ({ id, url, description }: Photo): Photo => ({ id, url, description })

/** The photos in canonical bytes. @throws SyntaxError or TypeError where the bytes are not what `encodePhotos` writes */
export function decodePhotos(bytes: Uint8Array): Photo[] {
  const photos: unknown = JSON.parse(decoder.decode(bytes))
  if (!Array.isArray(photos)) throw new TypeError('photos are not an array')
  if (!photos.every(isPhoto)) throw new TypeError('an element is not a photo')
  return photos
}

/** The shape alone: what is stored was checked against the model when it was written. */
const isPhoto = (value: unknown): value is Photo =>
  typeof value === 'object' &&
  value !== null &&
  ['id', 'url', 'description'].every((key) => typeof Reflect.get(value, key) === 'string')

/** The bytes of a record's photos as a text, one character (U+0000 to U+00FF) for each byte: the encoding that Node calls `latin1`. */
export function photosTextOf(record: Pick<WorkspaceRecord, 'photos' | 'photosText'>): string {
  if (record.photosText !== undefined) return record.photosText
  const { photos } = record
  return Buffer.prototype.latin1Slice.call(photos, 0, photos.length)
}

/** The text of the photo with this id, in the text of its list ({@link photosTextOf}); undefined where there is none. */
export function findPhoto(photosText: string, photoId: PhotoId): string | undefined {
  const start = photosText.indexOf(`${PHOTO_START}${photoId}"`)
  if (start === -1) return undefined
  const next = photosText.indexOf(PHOTO_START, start + PHOTO_START.length)
  // Between them stands a comma; after the last one, the array's bracket.
  return photosText.slice(start, next === -1 ? -1 : next - 1)
}
