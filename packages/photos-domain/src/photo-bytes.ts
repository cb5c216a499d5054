import type { Photo, PhotoId } from './model.js'

/*
 * A workspace's photos are kept and sent as one canonical JSON text: an array without white space, each photo with the keys
 * id, url, description in this order, all of them strings. In such a text
 *   - `{"id":"` occurs only where a photo begins: inside a string every `"` is written `\"`, and
 *   - the first `"}` after it whose `"` is not escaped is where that photo ends: photos are flat.
 * So one photo can be cut out of the text without parsing it.
 */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

const QUOTE = 0x22
const BACKSLASH = 0x5c
const CLOSING_BRACE = 0x7d
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
  return photos as Photo[]
}

/** The bytes of the photo with this id, a view into `bytes`; undefined where there is none. Nothing is parsed or copied. */
export function findPhoto(bytes: Uint8Array, photoId: PhotoId): Uint8Array | undefined {
  let start = 1
  while (start + PHOTO_START.length < bytes.length) {
    const end = endOfPhoto(bytes, start + PHOTO_START.length)
    if (hasId(bytes, start + PHOTO_START.length, photoId)) return bytes.subarray(start, end)
    start = end + 1
  }
  return undefined
}

/** The index after the `}` of the photo within which `from` lies. */
function endOfPhoto(bytes: Uint8Array, from: number): number {
  let brace = bytes.indexOf(CLOSING_BRACE, from)
  while (brace !== -1 && !closesString(bytes, brace - 1)) brace = bytes.indexOf(CLOSING_BRACE, brace + 1)
  return brace === -1 ? bytes.length : brace + 1
}

/** Whether the byte at `index` is a `"` that is not escaped: an even number of backslashes stands before it. */
function closesString(bytes: Uint8Array, index: number): boolean {
  if (bytes[index] !== QUOTE) return false
  let first = index
  while (bytes[first - 1] === BACKSLASH) first--
  return (index - first) % 2 === 0
}

/** Whether the text at `index` is `photoId` (ASCII, see PHOTO_ID_PATTERN) and then a `"`. */
function hasId(bytes: Uint8Array, index: number, photoId: PhotoId): boolean {
  if (bytes[index + photoId.length] !== QUOTE) return false
  for (let i = 0; i < photoId.length; i++) if (bytes[index + i] !== photoId.charCodeAt(i)) return false
  return true
}
