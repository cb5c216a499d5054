export { createWorkspace } from './create-workspace.js'
export { OrderedWindow } from './ordered-window.js'
export { type RetryOptions, withRetries } from './retry.js'
export {
  DEFAULT_SEED,
  MAX_SAMPLE_WORKSPACES,
  sampleContent,
  samplePhotos,
  sampleWorkspaceId,
} from './samples.js'
export {
  MAX_CONCURRENCY,
  SeedError,
  type SeedOptions,
  type SeedProgress,
  type SeedResult,
  seedWorkspaces,
} from './seed.js'
