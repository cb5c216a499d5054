const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

export interface Line {
  /** From 1. */
  readonly number: number
  /** Without what ends the line; undefined for one that is longer than allowed. */
  readonly bytes: Buffer | undefined
}

/**
 * Splits bytes into lines at LF or CRLF; the last one need not be ended. A byte order mark at the very beginning is
 * dropped. Of a line that is longer than `maxBytes` nothing is kept, so memory is bounded whatever comes in.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  const line = new LineBuffer(maxBytes)
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      line.append(chunk.subarray(start, end))
      yield line.end()
      start = end + 1
    }
    line.append(chunk.subarray(start))
  }
  if (!line.isEmpty) yield line.end()
}

/** The line that is coming in. */
class LineBuffer {
  readonly #maxBytes: number
  #pieces: Buffer[] = []
  #length = 0
  #number = 1

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get isEmpty(): boolean {
    return this.#length === 0
  }

  append(piece: Buffer): void {
    this.#length += piece.length
    if (this.#length > this.#maxBytes) this.#pieces = []
    else if (piece.length > 0) this.#pieces.push(piece)
  }

  /** The line as it is now; the next one begins. */
  end(): Line {
    const number = this.#number++
    const bytes = this.#length > this.#maxBytes ? undefined : this.#joined(number)
    this.#pieces = []
    this.#length = 0
    return { number, bytes }
  }

  #joined(number: number): Buffer {
    const [first, ...others] = this.#pieces
    let bytes = first === undefined || others.length > 0 ? Buffer.concat(this.#pieces) : first
    if (bytes.at(-1) === CARRIAGE_RETURN) bytes = bytes.subarray(0, -1)
    const hasMark = number === 1 && bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    return hasMark ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes
  }
}
