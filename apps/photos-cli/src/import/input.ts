import { open } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import { CommandError, isSystemError } from '../failure.js'
import { userPath } from '../user-path.js'

/** What an import reads. */
export interface Input {
  readonly chunks: AsyncIterable<Buffer>
  /** How long it is in all; undefined where nobody knows. */
  readonly totalBytes: number | undefined
  bytesRead(): number
  /** Lets go of it, read to its end or not. */
  close(): void
}

const CHUNK_BYTES = 256 * 1024

/**
 * Opens a file, or standard input for `-`. When the signal aborts, reading fails, also where it waits for more to come.
 * @throws CommandError where it cannot be read
 */
export async function openInput(file: string, signal: AbortSignal): Promise<Input> {
  if (file === '-') return inputFrom(process.stdin, undefined, signal)
  const path = userPath(file)
  try {
    const handle = await open(path)
    const found = await handle.stat()
    if (found.isDirectory()) {
      await handle.close()
      throw new CommandError(`cannot read ${path}: it is a directory`)
    }
    const stream = handle.createReadStream({ highWaterMark: CHUNK_BYTES })
    return inputFrom(stream, found.isFile() ? found.size : undefined, signal)
  } catch (error) {
    throw isSystemError(error) ? new CommandError(`cannot read ${path}: ${error.message}`) : error
  }
}

function inputFrom(stream: Readable, totalBytes: number | undefined, signal: AbortSignal): Input {
  let bytesRead = 0
  // Before and after it is read nobody waits for its errors; while it is read, the reader gets them.
  stream.on('error', () => undefined)
  addAbortSignal(signal, stream)
  async function* chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytesRead += chunk.length
      yield chunk
    }
  }
  return { chunks: chunks(), totalBytes, bytesRead: () => bytesRead, close: () => stream.destroy() }
}
