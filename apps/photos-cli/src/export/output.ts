import { once } from 'node:events'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { CommandError, EXIT, isSystemError } from '../failure.js'

/** Where an export goes. */
export interface Output {
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>
  /** All is written: what was written so far takes its place. */
  complete(): Promise<void>
  /** It will not be complete. Resolves to where what was written so far is; undefined where nothing is kept. */
  abandon(): Promise<string | undefined>
}

/** Who reads standard output, such as `head`, has gone away: there is nobody to tell. */
const brokenPipe = (): CommandError => new CommandError('', EXIT.brokenPipe)

/** Standard output. An abort ends the waiting for a reader that does not read. */
export function standardOutput(signal: AbortSignal, stream: Writable = process.stdout): Output {
  let failure: unknown
  stream.on('error', (error) => {
    failure ??= error
  })
  const throwFailure = (): void => {
    if (failure === undefined) return
    throw isSystemError(failure) && failure.code === 'EPIPE' ? brokenPipe() : failure
  }
  return {
    async write(bytes) {
      throwFailure()
      if (!stream.write(bytes)) await once(stream, 'drain', { signal }).catch(() => undefined)
      throwFailure()
    },
    async complete() {
      await new Promise<void>((resolve) => stream.write('', () => resolve()))
      throwFailure()
    },
    abandon: async () => undefined,
  }
}

/**
 * A file. It has its name only once it is complete and on disk; until then it is beside it under another one, so that a file
 * of that name is always whole. What is there and no regular file, such as `/dev/null` or a pipe, is written to as it is.
 */
export async function fileOutput(path: string): Promise<Output> {
  const target = await realpath(path).catch(() => path)
  const inPlace = await stat(target).then(
    (found) => !found.isFile(),
    () => false,
  )
  const writtenTo = inPlace ? target : `${target}.${process.pid}.part`
  const file = await open(writtenTo, 'w')
  let bytesWritten = 0
  return {
    async write(bytes) {
      for (let offset = 0; offset < bytes.length; ) {
        offset += (await file.write(bytes, offset)).bytesWritten
      }
      bytesWritten += bytes.length
    },
    async complete() {
      if (!inPlace) await file.sync()
      await file.close()
      if (!inPlace) await rename(writtenTo, target)
    },
    async abandon() {
      await file.close()
      if (inPlace) return undefined
      if (bytesWritten > 0) return writtenTo
      await rm(writtenTo)
      return undefined
    },
  }
}
