import type { NewPhoto, PhotoId } from './model.js'

/**
 * The receipt of one idempotent POST. It is stored in the same record, and so in the same write, as the photo it made:
 * either both exist or neither does, whichever replica made them.
 */
export interface Receipt {
  /** The client's Idempotency-Key. */
  readonly key: string
  /** SHA-256 of the body, base64url: tells the same request from another one under the same key. */
  readonly fingerprint: string
  readonly photoId: PhotoId
  /** When it was made, in milliseconds since the epoch. */
  readonly at: number
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** The bytes that a record keeps; undefined for none. */
export function encodeReceipts(receipts: readonly Receipt[]): Uint8Array | undefined {
  return receipts.length === 0 ? undefined : encoder.encode(JSON.stringify(receipts))
}

/** The receipts in the bytes of a record. @throws SyntaxError or TypeError where they are not what `encodeReceipts` writes */
export function decodeReceipts(bytes: Uint8Array | undefined): Receipt[] {
  if (bytes === undefined) return []
  const receipts: unknown = JSON.parse(decoder.decode(bytes))
  if (!Array.isArray(receipts)) throw new TypeError('receipts are not an array')
  if (!receipts.every(isReceipt)) throw new TypeError('an element is not a receipt')
  return receipts
}

const isReceipt = (value: unknown): value is Receipt =>
  typeof value === 'object' &&
  value !== null &&
  ['key', 'fingerprint', 'photoId'].every((key) => typeof Reflect.get(value, key) === 'string') &&
  typeof Reflect.get(value, 'at') === 'number'

/** SHA-256 over the fields of the body, base64url. White space and key order of the request's JSON do not matter. */
export async function fingerprintOf({ url, description }: NewPhoto): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(JSON.stringify([url, description])))
  const text = btoa(String.fromCharCode(...new Uint8Array(digest)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Adds a receipt in front, and drops those that are too old or too many. */
export function withReceipt(
  receipts: readonly Receipt[],
  added: Receipt,
  { maxReceipts, maxAgeMs }: { readonly maxReceipts: number; readonly maxAgeMs: number },
): Receipt[] {
  const kept = receipts.filter((receipt) => receipt.at > added.at - maxAgeMs)
  return [added, ...kept].slice(0, maxReceipts)
}
