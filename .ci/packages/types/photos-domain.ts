import {
  compareVersions,
  encodePhotos,
  isPhotosError,
  type NewPhoto,
  type Photo,
  type PhotoPatch,
  type PhotoRepository,
  PhotoService,
  type PhotosErrorCode,
  parseNewPhoto,
  parserOf,
  type Version,
  WorkspaceId,
  type WorkspaceRecord,
} from 'photos-domain'

export const photo: Photo = { id: 'a', url: 'https://pictures.example/a.jpg', description: 'd' }
export const bytes: Uint8Array = encodePhotos([photo])
export const order: number = compareVersions('1', '2')
export const patch: PhotoPatch = { description: 'only this' }

const parsed: NewPhoto = parseNewPhoto(JSON.parse('{}'))
export const url: string = parsed.url
export const workspaceId: string = parserOf(WorkspaceId)('acme')

// @ts-expect-error a photo has no such field
export const wrong: Photo = { ...photo, tags: [] }
// @ts-expect-error a new photo has no id of its own choice
export const chosen: NewPhoto = { ...parsed, id: 'mine' }
// @ts-expect-error there is no such code
export const unknown: PhotosErrorCode = 'NO_SUCH_CODE'

export async function use(repository: PhotoRepository): Promise<Version | undefined> {
  const service = new PhotoService(repository, { maxPhotosPerWorkspace: 10 })
  const record: WorkspaceRecord = await service.list('acme', { fresh: true })
  try {
    const { version } = await service.add('acme', parsed, { ifMatch: [record.version], idempotencyKey: 'k' })
    return version
  } catch (error) {
    if (isPhotosError(error, 'WORKSPACE_FULL')) {
      const code: 'WORKSPACE_FULL' = error.code
      throw new Error(code, { cause: error })
    }
    if (isPhotosError(error)) throw new Error(error.fields.map(({ field }) => field).join())
    throw error
  }
}
