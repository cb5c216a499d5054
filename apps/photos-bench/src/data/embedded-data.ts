import { constants } from 'node:fs'
import { access, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openLmdbRepository } from 'photos-lmdb'
import { seedWorkspaces } from 'photos-samples'
import type { SubjectContext } from '../subjects/subject.js'
import { holdInMemory } from './hold-in-memory.js'
import { samplesFingerprint } from './samples-fingerprint.js'

/** A store for one run. */
export interface EmbeddedData {
  readonly dir: string
  /** Removes what the run alone needed. */
  release(): Promise<void>
}

/** The file beside a store that says it has all of its workspaces. */
export const COMPLETE = 'complete.json'

/** Where the store of so many workspaces is kept from run to run. */
export const embeddedDirectory = (cacheDir: string, workspaces: number): string =>
  join(cacheDir, `embedded-${workspaces}-${samplesFingerprint()}`)

/**
 * An embedded store with the sample workspaces: the one of an earlier run where it is complete, else a new one, seeded now. A
 * run that writes gets a copy, which goes when it is released.
 */
export async function embeddedData(
  context: Pick<SubjectContext, 'workspaces' | 'changesData' | 'cacheDir' | 'progress'>,
): Promise<EmbeddedData> {
  const { workspaces, changesData, cacheDir, progress } = context
  const dir = embeddedDirectory(cacheDir, workspaces)
  if (!(await exists(join(dir, COMPLETE)))) await seed(dir, workspaces, progress)
  if (!changesData) {
    return { dir, release: await holdInMemory(join(dir, 'data.mdb'), progress) }
  }

  progress(`copying the ${workspaces} workspaces, as this scenario writes`)
  const copy = await mkdtemp(join(cacheDir, 'copy-'))
  // Copied by reference where the file system can.
  await cp(dir, copy, { recursive: true, mode: constants.COPYFILE_FICLONE })
  return { dir: copy, release: () => rm(copy, { recursive: true, force: true }) }
}

/** An interrupted seeding goes on where it stopped. */
async function seed(dir: string, workspaces: number, progress: (text: string) => void): Promise<void> {
  await mkdir(dir, { recursive: true })
  const startedMs = performance.now()
  const store = await openLmdbRepository({ path: dir })
  try {
    await seedWorkspaces(store, {
      workspaces,
      onProgress: ({ done, total }) => progress(`seeding ${dir}: ${done} of ${total} workspaces`),
    })
  } finally {
    await store.close()
  }
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10
  progress(`seeded ${workspaces} workspaces in ${seconds} s`)
  await writeFile(join(dir, COMPLETE), JSON.stringify({ workspaces, seconds }))
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
