import { isPhotosError } from 'photos-domain'

/** Whether the error says that the store could not be asked: what is cached is better than nothing, and later it may answer. */
export const isAway = (error: unknown): boolean =>
  isPhotosError(error, 'REPOSITORY_UNAVAILABLE') ||
  isPhotosError(error, 'REPOSITORY_OVERLOADED') ||
  isPhotosError(error, 'CREDENTIALS_REFUSED')
