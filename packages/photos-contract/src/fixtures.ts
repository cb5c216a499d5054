import {
  encodePhotos,
  encodeReceipts,
  NEVER_WRITTEN,
  NO_PHOTOS,
  type Photo,
  type PhotoRepository,
  type WorkspaceContent,
  type WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'

export const ABSENT: WorkspaceRecord = { photos: NO_PHOTOS, version: NEVER_WRITTEN }
export const EMPTY: WorkspaceContent = { photos: NO_PHOTOS }

export const photoOf = (id: string, description = `The picture ${id}`): Photo => ({
  id,
  url: `https://pictures.example/${id}.jpg`,
  description,
})

/** Content with one photo for each of the ids. */
export const contentOf = (...photoIds: readonly string[]): WorkspaceContent => ({
  photos: encodePhotos(photoIds.map((id) => photoOf(id))),
})

/** Receipts with one entry for each of the keys. */
export function receiptsOf(...keys: readonly string[]): Uint8Array {
  const receipts = encodeReceipts(
    keys.map((key) => ({ key, fingerprint: 'gQ7-_x', photoId: 'p', at: 1_764_000_000_000 })),
  )
  if (receipts === undefined) throw new RangeError('receipts are of one key at least')
  return receipts
}

export const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

/** Writes on top of what is there, and resolves to the record as it must be read from now on. */
export async function put(
  repository: PhotoRepository,
  workspaceId: WorkspaceId,
  content: WorkspaceContent,
): Promise<WorkspaceRecord> {
  const { version: expected } = await repository.read(workspaceId, { fresh: true })
  const version = await repository.write(workspaceId, content, expected)
  return { ...content, version }
}

/** Writes each workspace on top of what is there, all at once, with a photo named as itself. */
export async function putEach(
  repository: PhotoRepository,
  workspaceIds: readonly WorkspaceId[],
): Promise<Map<WorkspaceId, WorkspaceRecord>> {
  const entries = workspaceIds.map(async (workspaceId): Promise<[WorkspaceId, WorkspaceRecord]> => {
    return [workspaceId, await put(repository, workspaceId, contentOf(workspaceId))]
  })
  return new Map(await Promise.all(entries))
}

/** Writes each workspace for the first time, all at once, with a photo named as itself. */
export async function putNew(
  repository: PhotoRepository,
  workspaceIds: readonly WorkspaceId[],
): Promise<Map<WorkspaceId, WorkspaceRecord>> {
  const entries = await Promise.all(
    workspaceIds.map(async (workspaceId): Promise<[WorkspaceId, WorkspaceRecord]> => {
      const content = contentOf(workspaceId)
      return [
        workspaceId,
        { ...content, version: await repository.write(workspaceId, content, NEVER_WRITTEN) },
      ]
    }),
  )
  return new Map(entries)
}

/**
 * Ids from the edges of `WORKSPACE_ID_PATTERN`, in byte order: shortest and longest, one the start of another, equal but for
 * case, like numbers, and like names that mean something to JavaScript or to a database.
 */
export const EDGE_IDS: readonly WorkspaceId[] = [
  '0',
  '00',
  '007',
  '1e3',
  '7',
  'A',
  'ACME',
  'Acme',
  'Infinity',
  'NaN',
  'Workspace',
  'Z'.repeat(64),
  'a',
  'a-',
  'a-b',
  'a0',
  'aA',
  'a_',
  'a_b',
  'aa',
  'acme',
  'constructor',
  'design',
  'false',
  'hasOwnProperty',
  'null',
  'toString',
  'true',
  'undefined',
  'workspace-',
  'workspaces',
  'x_local',
  'x_local-_',
  'z'.repeat(63),
  `${'z'.repeat(63)}-`,
  `${'z'.repeat(63)}z`,
]
