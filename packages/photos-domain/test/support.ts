import {
  decodePhotos,
  isPhotosError,
  type Photo,
  type PhotosError,
  type PhotosErrorCode,
} from 'photos-domain'
import type { TestRepository } from './test-repository.js'

/** What `run` throws or rejects with, which must be a PhotosError. */
export async function errorOf(run: () => unknown): Promise<PhotosError> {
  try {
    await run()
  } catch (error) {
    if (isPhotosError(error)) return error
    throw error
  }
  throw new Error('expected a PhotosError, but nothing was thrown')
}

export const codeOf = async (run: () => unknown): Promise<PhotosErrorCode> => (await errorOf(run)).code

/** The failing fields and what is said of them, as `url must be string`. */
export const faultsOf = async (run: () => unknown): Promise<string[]> => {
  const { code, fields } = await errorOf(run)
  if (code !== 'INVALID_INPUT') throw new Error(`expected INVALID_INPUT, not ${code}`)
  return fields.map(({ field, message }) => `${field} ${message}`.trim())
}

/** The photos that are stored. */
export function storedPhotos(repository: TestRepository, workspaceId: string): Photo[] {
  const record = repository.records.get(workspaceId)
  return record === undefined ? [] : decodePhotos(record.photos)
}

export const photoOf = (id: string, description = `photo ${id}`): Photo => ({
  id,
  url: `https://pictures.example/${id}.jpg`,
  description,
})
