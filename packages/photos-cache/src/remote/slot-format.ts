import type { RemoteEntry } from './driver.js'
import { SLOT } from './slot-script.js'

const ZERO = 0x30
const OPENING_BRACKET = 0x5b
const CLOSING_BRACKET = 0x5d

/**
 * The entry in a slot's value; undefined if it is a placeholder, or anything else than an entry of this format. The bytes are views
 * into the value.
 */
export function parseEntry(value: Buffer): RemoteEntry | undefined {
  if (value.length <= SLOT.versionAt) return undefined
  if (value.toString('latin1', 0, SLOT.kindAt + 1) !== SLOT.magic + SLOT.entry) return undefined
  const asOfServerMs = digits(value, SLOT.asOfAt, SLOT.versionLengthAt)
  const photosAt = SLOT.versionAt + digits(value, SLOT.versionLengthAt, SLOT.photosLengthAt)
  const receiptsAt = photosAt + digits(value, SLOT.photosLengthAt, SLOT.versionAt)
  // NaN, where something is not a digit, makes this false too.
  if (!(asOfServerMs >= 0 && photosAt > SLOT.versionAt && receiptsAt <= value.length)) return undefined
  if (value[photosAt] !== OPENING_BRACKET || value[receiptsAt - 1] !== CLOSING_BRACKET) return undefined
  return {
    version: value.toString('latin1', SLOT.versionAt, photosAt),
    photos: value.subarray(photosAt, receiptsAt),
    receipts: receiptsAt === value.length ? undefined : value.subarray(receiptsAt),
    server: value.toString('latin1', SLOT.serverAt, SLOT.asOfAt),
    asOfServerMs,
  }
}

/** The decimal number between two places; NaN if it is none. */
function digits(value: Buffer, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at++) {
    const digit = (value[at] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    number = number * 10 + digit
  }
  return number
}
