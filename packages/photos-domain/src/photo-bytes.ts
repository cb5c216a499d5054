import type { Photo, PhotoId } from './model.js'

/*
 * A workspace's photos are kept and sent as one canonical JSON text: an array without white space, each photo with the keys
 * id, url, description in this order, all of them strings. In such a text `{"id":"` occurs only where a photo begins:
 * inside a string every `"` is written `\"`, and what follows the `"` that ends a string is never `id`. So a photo goes from
 * one `{"id":"` to the comma before the next, or to the `]` at the end, and can be cut out without parsing the text.
 */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

const QUOTE = 0x22
const OPENING_BRACE = 0x7b
const PHOTO_START = encoder.encode('{"id":"')

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

/** The bytes of the photo with this id, a view into `bytes`; undefined where there is none. Nothing is parsed or copied. */
export function findPhoto(bytes: Uint8Array, photoId: PhotoId): Uint8Array | undefined {
  let start = nextPhoto(bytes, 1)
  while (start < bytes.length) {
    const next = nextPhoto(bytes, start + PHOTO_START.length)
    // Between them stands a comma; after the last one, the array's bracket.
    if (hasId(bytes, start + PHOTO_START.length, photoId)) return bytes.subarray(start, next - 1)
    start = next
  }
  return undefined
}

/** Where the first photo at or after `from` begins; the length of `bytes` where none does. */
function nextPhoto(bytes: Uint8Array, from: number): number {
  let brace = bytes.indexOf(OPENING_BRACE, from)
  while (brace !== -1 && !beginsPhoto(bytes, brace)) brace = bytes.indexOf(OPENING_BRACE, brace + 1)
  return brace === -1 ? bytes.length : brace
}

function beginsPhoto(bytes: Uint8Array, index: number): boolean {
  for (let i = 1; i < PHOTO_START.length; i++) if (bytes[index + i] !== PHOTO_START[i]) return false
  return true
}

/** Whether the text at `index` is `photoId` (ASCII, see PHOTO_ID_PATTERN) and then a `"`. */
function hasId(bytes: Uint8Array, index: number, photoId: PhotoId): boolean {
  if (bytes[index + photoId.length] !== QUOTE) return false
  for (let i = 0; i < photoId.length; i++) if (bytes[index + i] !== photoId.charCodeAt(i)) return false
  return true
}
