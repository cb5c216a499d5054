import { rm } from 'node:fs/promises'
import { type RepositoryContractOptions, repositoryContract } from 'photos-contract'
import type { PhotoRepository } from 'photos-domain'
import { openLmdbRepository } from 'photos-lmdb'
import t from 'tap'
import { newDirectory } from './helpers/directories.js'
import { Host } from './helpers/host.js'

const contractOf = (reopen: (path: string) => Promise<PhotoRepository>): RepositoryContractOptions => ({
  open: async () => {
    const path = await newDirectory()
    return {
      repository: await openLmdbRepository({ path }),
      reopen: () => reopen(path),
      outage: { impossible: 'embedded: there is no server to lose' },
      lostAnswers: { impossible: 'embedded: there is no network to lose them' },
      dispose: () => rm(path, { recursive: true }),
    }
  },
})

t.test('repositories of one process keep the contract', async (t) => {
  await repositoryContract(
    t,
    contractOf((path) => openLmdbRepository({ path })),
  )
})

t.test('repositories of two processes keep the contract', async (t) => {
  const host = new Host()
  t.teardown(() => host.stop())
  await repositoryContract(
    t,
    contractOf((path) => host.open(path)),
  )
})
