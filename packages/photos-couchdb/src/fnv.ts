/** The basis that FNV-1a begins with. */
const OFFSET_BASIS = 0x811c9dc5

/**
 * FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/), of the UTF-16 code units of a text, which for ASCII are its bytes. From
 * another `basis` it is another hash.
 */
export function fnv1a(text: string, basis = OFFSET_BASIS): number {
  let hash = basis
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
