import { rm } from 'node:fs/promises'
import { repositoryContract } from 'photos-contract'
import { openLmdbRepository } from 'photos-lmdb'
import t from 'tap'
import { newDirectory } from './helpers/directories.js'

await repositoryContract(t, {
  open: async () => {
    const path = await newDirectory()
    return {
      repository: await openLmdbRepository({ path }),
      reopen: () => openLmdbRepository({ path }),
      outage: { impossible: 'embedded: there is no server to lose' },
      lostAnswers: { impossible: 'embedded: no network lies between' },
      dispose: () => rm(path, { recursive: true }),
    }
  },
})
