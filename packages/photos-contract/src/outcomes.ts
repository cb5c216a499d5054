import {
  compareVersions,
  isPhotosError,
  type PhotoRepository,
  type PhotosErrorCode,
  photosTextOf,
  type ReadOptions,
  type WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'
import type { Test } from 'tap'

/**
 * How a call ended, as a text to compare: `resolved`, the code of the PhotosError that it rejected with, or what else it
 * rejected with. A call that throws is one that rejects: `read` may answer without a promise.
 */
export async function codeOf(
  call: () => unknown,
): Promise<PhotosErrorCode | 'resolved' | `no PhotosError: ${string}`> {
  try {
    await call()
    return 'resolved'
  } catch (error) {
    return isPhotosError(error) ? error.code : `no PhotosError: ${String(error)}`
  }
}

/** All that an iterable gives until it ends. */
export async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of iterable) items.push(item)
  return items
}

/** Whether rows of a scan or of a feed name each of the workspaces. */
export function showsEach(
  workspaceIds: Iterable<WorkspaceId>,
): (rows: readonly { readonly workspaceId: WorkspaceId }[]) => boolean {
  const wanted = [...workspaceIds]
  return (rows) => {
    const shown = new Set(rows.map(({ workspaceId }) => workspaceId))
    return wanted.every((workspaceId) => shown.has(workspaceId))
  }
}

/** Asserts that two byte strings are the same; where not, says where they part. */
export function sameBytes(t: Test, found: Uint8Array | undefined, wanted: Uint8Array, what: string): void {
  t.equal(differenceOf(found, wanted), undefined, what)
}

/** Asserts that a record is as it was written: this version, these photos, these receipts or none; and not stale. */
export function sameRecord(
  t: Test,
  found: WorkspaceRecord | undefined,
  wanted: WorkspaceRecord,
  what: string,
): void {
  t.same(recordDifferences(found, wanted), {}, what)
}

/** Asserts that a record is as the writer that won a conflict wrote it, at its version, or above where the store may raise it. */
export function sameAsWon(
  t: Test,
  raisesVersions: string | undefined,
  found: WorkspaceRecord,
  won: WorkspaceRecord,
  what: string,
): void {
  const isRaised = raisesVersions !== undefined && compareVersions(found.version, won.version) > 0
  if (isRaised) t.comment(`the record may be at a higher version: ${raisesVersions}`)
  sameRecord(t, found, isRaised ? { ...won, version: found.version } : won, what)
}

/** Asserts it of many records at once, each `[what it is, found, wanted]`. */
export function sameRecords(
  t: Test,
  records: readonly (readonly [string, WorkspaceRecord | undefined, WorkspaceRecord])[],
  what: string,
): void {
  const different = records.flatMap(([name, found, wanted]) => {
    const differences = recordDifferences(found, wanted)
    return Object.keys(differences).length === 0 ? [] : [{ name, ...differences }]
  })
  t.ok(records.length > 0, `${what}: there are some`)
  t.same(different, [], what)
}

/** Asserts that each of the workspaces reads as the record given. */
export async function readsBack(
  t: Test,
  repository: PhotoRepository,
  wanted: ReadonlyMap<WorkspaceId, WorkspaceRecord>,
  what: string,
  options: ReadOptions = {},
): Promise<void> {
  const reads = [...wanted].map(async ([workspaceId, record]) => {
    return [workspaceId, await repository.read(workspaceId, options), record] as const
  })
  sameRecords(t, await Promise.all(reads), what)
}

/** What is not as it should be, by name; nothing when all is. */
function recordDifferences(
  found: WorkspaceRecord | undefined,
  wanted: WorkspaceRecord,
): Record<string, string> {
  if (found === undefined) return { record: 'missing' }
  const differences = {
    version: found.version === wanted.version ? undefined : `${found.version}, wanted ${wanted.version}`,
    photos: differenceOf(found.photos, wanted.photos),
    photosText: differenceOf(Buffer.from(photosTextOf(found), 'latin1'), wanted.photos),
    receipts: differenceOf(found.receipts, wanted.receipts),
    stale: found.stale === true ? 'marked stale' : undefined,
  }
  return Object.fromEntries(
    Object.entries(differences).flatMap(([name, difference]) =>
      difference === undefined ? [] : [[name, difference]],
    ),
  )
}

function differenceOf(found: Uint8Array | undefined, wanted: Uint8Array | undefined): string | undefined {
  if (found === undefined || wanted === undefined) {
    if (found === wanted) return undefined
    return found === undefined ? 'not there' : 'there, and should not be'
  }
  if (!(found instanceof Uint8Array)) return 'not a Uint8Array'
  if (Buffer.compare(found, wanted) === 0) return undefined
  const parting = wanted.findIndex((byte, index) => byte !== found[index])
  const offset = parting === -1 ? wanted.length : parting
  const from = (bytes: Uint8Array) =>
    JSON.stringify(Buffer.from(bytes.subarray(offset, offset + 32)).toString('latin1'))
  return `${found.length} bytes, wanted ${wanted.length}; at ${offset}: ${from(found)}, wanted ${from(wanted)}`
}
