import { getSystemErrorName } from 'node:util'
import { type PhotosError, repositoryUnavailable } from 'photos-domain'

/** LMDB's own codes (lmdb.h, "Return Codes") that mean something to whoever runs the store. */
const LMDB_CODES: Readonly<Record<number, string>> = {
  [-30797]: 'the data file is damaged: a page is missing',
  [-30796]: 'the data file is damaged: a page is not what it should be',
  [-30795]: 'an earlier commit failed half way, so this process can no longer use the store: restart it',
  [-30794]: 'it was made by another version of LMDB',
  [-30793]: 'it is not an LMDB store',
  [-30790]: 'too many processes have it open',
}

/** What to say of the system's errors (errno) that whoever runs the store can do something about. */
const SYSTEM_CODES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the data file may not grow further',
  // LMDB says EIO of a write that was cut short, which is how a full disk begins.
  EIO: 'the disk is full or failing (input/output error)',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'it is on a read-only file system',
  ENOTDIR: 'the path is not a directory',
  EEXIST: 'the path is not a directory',
  EISDIR: 'data.mdb is a directory',
  EINVAL:
    'LMDB refuses it, as it does when the last process that had it open closes it at that moment: restart this one',
  ENOMEM: 'there is not enough memory or address space',
}

/** @returns PhotosError `REPOSITORY_UNAVAILABLE`: "the store at <path> <what>: <why>" */
export function storeFailure(path: string, what: string, cause: unknown): PhotosError {
  return repositoryUnavailable(`the store at ${path} ${what}: ${reasonOf(cause)}`, cause)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? error.code : undefined
  // lmdb gives errno as a positive number, Node's own functions as its name.
  if (typeof code === 'number' && code < 0) return LMDB_CODES[code] ?? error.message
  const name = typeof code === 'number' ? getSystemErrorName(-code) : String(code)
  return SYSTEM_CODES[name] ?? error.message
}

/**
 * Why a transaction failed. For a failed commit lmdb rejects with an error that only says so, and that holds a promise which
 * rejects with the reason.
 */
export async function transactionFailure(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error)) return error
  try {
    await error.commitError
    return error
  } catch (reason) {
    return reason
  }
}
