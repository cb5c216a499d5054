/** How the answer to `_bulk_get` begins: CouchDB writes no white space. */
const HEAD = Buffer.from('{"results":[')
/** A shorter text is parsed as it is. */
const MIN_SPLIT_BYTES = 16_384

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d

/**
 * The same as `JSON.parse` of the text. The results of a large `_bulk_get` are parsed one by one: one text for all of them would be
 * a large object to V8, whose pages are mapped, cleared and given back for each answer; that costs more than to parse it.
 * @throws SyntaxError
 */
export function parseAnswer(body: Buffer): unknown {
  return (body.length < MIN_SPLIT_BYTES ? undefined : parseByResult(body)) ?? JSON.parse(body.toString())
}

/** Undefined where the text is not made as is expected here. */
function parseByResult(body: Buffer): unknown {
  if (!HEAD.equals(body.subarray(0, HEAD.length))) return undefined
  const results: unknown[] = []
  // The text with a 0 in the place of each result, which tells whether it is whole.
  let frame = ''
  let end = 0
  for (;;) {
    const start = body.indexOf(OPENING_BRACE, end === 0 ? HEAD.length : end)
    if (start === -1) break
    frame += `${body.toString('utf8', end, start)}0`
    end = endOfObject(body, start)
    results.push(JSON.parse(body.toString('utf8', start, end)))
  }
  return framed(frame + body.toString('utf8', end), results)
}

/** Where the object that begins at `start` has ended; the length of the text where it does not end. */
function endOfObject(body: Buffer, start: number): number {
  let depth = 0
  let at = start
  while (at < body.length) {
    const byte = body[at++]
    if (byte === OPENING_BRACE) depth++
    else if (byte === CLOSING_BRACE) {
      if (--depth === 0) return at
    } else if (byte === QUOTE) {
      while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1
      at++
    }
  }
  return body.length
}

/** The frame's value with the results in their places; undefined where they have none. */
function framed(frame: string, results: unknown[]): unknown {
  const value: unknown = JSON.parse(frame)
  if (typeof value !== 'object' || value === null || !('results' in value)) return undefined
  const places: unknown = value.results
  if (!Array.isArray(places) || places.length !== results.length) return undefined
  if (!places.every((place) => place === 0)) return undefined
  return { ...value, results }
}
