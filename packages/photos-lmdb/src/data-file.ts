import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/*
 * The start of an LMDB data file: struct MDB_page_header, then struct MDB_meta, on each of the first two pages. The offsets
 * are those of a 64-bit machine. See mdb.c, https://github.com/kriszyp/lmdb-js/tree/master/dependencies/lmdb
 */
const PAGE_FLAGS = 18
const MAGIC = 24
const DATA_VERSION = 28
const PAGE_SIZE = 48
const FREE_LIST_ROOT = 88
const MAIN_ROOT = 136
const LAST_PAGE = 144
const TRANSACTION_ID = 152
const META_LENGTH = 160

const META_PAGE_FLAG = 0x08
/** LMDB has none smaller. */
const MIN_PAGE_SIZE = 256
const LMDB_MAGIC = 0xbeefc0de
const SUPPORTED_DATA_VERSION = 2
/** The root of an empty tree. */
const NO_PAGE = 0xffff_ffff_ffff_ffffn
/**
 * A healthy file may be shorter than its meta page says, by pages at the end that one transaction took and gave back
 * unwritten. No transaction here takes this much.
 */
const MAX_UNWRITTEN_BYTES = 256 * 1024 * 1024

/**
 * Checks that the data file is a whole LMDB file, as far as its first pages tell; one that does not exist yet is fine. It is
 * to be called before LMDB opens the file: LMDB maps it into memory, and where it is not what LMDB takes it for, the process
 * dies of a segmentation fault or a bus error instead of an error that says why.
 * @throws Error that says what is wrong, or of the file system
 */
export function checkDataFile(file: string): void {
  if (process.arch !== 'x64' && process.arch !== 'arm64') return
  const fd = openIfExists(file)
  if (fd === undefined) return
  try {
    // LMDB makes the file first, and writes both meta pages at once.
    if (fstatSync(fd).size === 0) return
    const meta = latestMeta(fd)
    // After the meta page: others may be writing, and a transaction's pages are there before it is in a meta page.
    checkMeta(meta, fstatSync(fd).size)
  } finally {
    closeSync(fd)
  }
}

function openIfExists(file: string): number | undefined {
  try {
    return openSync(file, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The meta page of the latest transaction: they take turns. */
function latestMeta(fd: number): Buffer {
  const first = readMeta(fd, 0)
  const second = readMeta(fd, first.readUInt32LE(PAGE_SIZE))
  return first.readBigUInt64LE(TRANSACTION_ID) > second.readBigUInt64LE(TRANSACTION_ID) ? first : second
}

function readMeta(fd: number, position: number): Buffer {
  const meta = Buffer.alloc(META_LENGTH)
  const length = readSync(fd, meta, 0, META_LENGTH, position)
  const isMeta =
    length === META_LENGTH &&
    (meta.readUInt16LE(PAGE_FLAGS) & META_PAGE_FLAG) !== 0 &&
    meta.readUInt32LE(MAGIC) === LMDB_MAGIC &&
    meta.readUInt32LE(PAGE_SIZE) >= MIN_PAGE_SIZE
  if (!isMeta) throw new Error('data.mdb is damaged, or not an LMDB data file')
  const version = meta.readUInt16LE(DATA_VERSION)
  if (version !== SUPPORTED_DATA_VERSION) {
    throw new Error(`data.mdb is of LMDB's data version ${version}, not ${SUPPORTED_DATA_VERSION}`)
  }
  return meta
}

function checkMeta(meta: Buffer, size: number): void {
  const pageSize = meta.readUInt32LE(PAGE_SIZE)
  const pages = BigInt(Math.floor(size / pageSize))
  const missingPages = meta.readBigUInt64LE(LAST_PAGE) + 1n - pages
  const isMissing = (root: bigint): boolean => root !== NO_PAGE && root >= pages
  if (
    isMissing(meta.readBigUInt64LE(FREE_LIST_ROOT)) ||
    isMissing(meta.readBigUInt64LE(MAIN_ROOT)) ||
    missingPages * BigInt(pageSize) > MAX_UNWRITTEN_BYTES
  ) {
    throw new Error(
      `data.mdb was cut short: it has ${size} bytes, and ${missingPages * BigInt(pageSize)} are missing`,
    )
  }
}
