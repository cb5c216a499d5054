import {
  isPhotosError,
  NEVER_WRITTEN,
  type PhotoRepository,
  type WorkspaceContent,
  type WorkspaceId,
} from 'photos-domain'
import { type RetryOptions, withRetries } from './retry.js'

/**
 * Writes a workspace that was never written; false, and nothing is written, if it was. It is tried again while the store is
 * away or overloaded.
 * @throws PhotosError as `write` of the repository does, except `VERSION_CONFLICT`
 */
export async function createWorkspace(
  repository: PhotoRepository,
  workspaceId: WorkspaceId,
  content: WorkspaceContent,
  retry?: RetryOptions,
): Promise<boolean> {
  let mayBeOurs = false
  return withRetries(async () => {
    try {
      await repository.write(workspaceId, content, NEVER_WRITTEN)
      return true
    } catch (error) {
      if (isPhotosError(error, 'VERSION_CONFLICT')) return mayBeOurs
      mayBeOurs ||= isPhotosError(error, 'WRITE_OUTCOME_UNKNOWN') || isPhotosError(error, 'QUORUM_NOT_MET')
      throw error
    }
  }, retry)
}
