import { encodePhotos, type Photo, type WorkspaceContent, type WorkspaceId } from 'photos-domain'
import { checkInteger } from './check-integer.js'
import { describe } from './descriptions.js'
import { Random } from './random.js'

/** How many sample workspaces there are for one seed; indexes run from 0 to one less. */
export const MAX_SAMPLE_WORKSPACES = 1_000_000_000
/** The seed that makes the samples unless another one is given. */
export const DEFAULT_SEED = 1

const FEWEST_PHOTOS = 4
const MOST_PHOTOS = 7

/** `sample-` and the index in nine digits, so that the byte order of the ids is the order of the indexes. */
export function sampleWorkspaceId(index: number): WorkspaceId {
  checkIndex(index)
  return `sample-${String(index).padStart(9, '0')}`
}

/**
 * The 4 to 7 photos of one sample workspace, newest first: about 970 bytes as JSON. They depend on `seed` and `index`
 * alone. Each URL serves a picture of its own, 800 by 600 (https://picsum.photos, "static random image").
 * @param index from 0 to {@link MAX_SAMPLE_WORKSPACES} - 1
 * @param seed any safe integer; default {@link DEFAULT_SEED}
 * @throws RangeError where either is not
 */
export function samplePhotos(index: number, seed: number = DEFAULT_SEED): Photo[] {
  checkIndex(index)
  checkSeed(seed)
  const random = new Random(index, seed, Math.floor(seed / 2 ** 32))
  const photos: Photo[] = []
  const count = FEWEST_PHOTOS + random.below(MOST_PHOTOS - FEWEST_PHOTOS + 1)
  while (photos.length < count) {
    photos.push({ id: uuid(random), url: pictureUrl(random), description: describe(random) })
  }
  return photos
}

/** What a repository stores of one sample workspace. @see samplePhotos */
export function sampleContent(index: number, seed?: number): WorkspaceContent {
  return { photos: encodePhotos(samplePhotos(index, seed)) }
}

function checkIndex(index: number): void {
  checkInteger('index', index, 0, MAX_SAMPLE_WORKSPACES - 1)
}

/** @throws RangeError */
export function checkSeed(seed: number): void {
  checkInteger('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
}

/** Laid out as a random UUID, version 4 (RFC 9562, section 5.4). */
function uuid(random: Random): string {
  const a = random.word()
  const b = (random.word() & 0xffff0fff) | 0x00004000
  const c = (random.word() & 0x3fffffff) | 0x80000000
  const d = random.word()
  return `${hex(a)}-${hex16(b >>> 16)}-${hex16(b)}-${hex16(c >>> 16)}-${hex16(c)}${hex(d)}`
}

const pictureUrl = (random: Random): string => `https://picsum.photos/seed/${hex(random.word())}/800/600`

const hex = (word: number): string => hex16(word >>> 16) + hex16(word)
const hex16 = (word: number): string => `${HEX[(word >>> 8) & 0xff]}${HEX[word & 0xff]}`
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
