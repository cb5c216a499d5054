export { photosLmdb } from './plugin.js'
export { type LmdbRepositoryOptions, openLmdbRepository } from './repository.js'
