import { randomUUID } from 'node:crypto'
import { openCouchdbRepository } from 'photos-couchdb'
import { seedWorkspaces } from 'photos-samples'
import type { SubjectContext } from '../subjects/subject.js'
import { databaseUrls, firstServer, makeDatabase } from './couchdb-servers.js'
import { samplesFingerprint } from './samples-fingerprint.js'

/** A database for one run. */
export interface CouchdbData {
  /** The database at every node. */
  readonly urls: readonly string[]
  /** Removes what the run alone needed. */
  release(): Promise<void>
}

/**
 * A CouchDB database with the sample workspaces: the one of an earlier run, filled up where it was interrupted. A run that
 * writes gets one of its own, which goes when it is released.
 */
export async function couchdbData(
  context: Pick<SubjectContext, 'workspaces' | 'changesData' | 'progress'>,
): Promise<CouchdbData> {
  const { workspaces, changesData, progress } = context
  const base = `photos-bench-${workspaces}-${samplesFingerprint()}`
  const name = changesData ? `${base}-${randomUUID()}` : base
  const urls = databaseUrls(name)
  const documents = await makeDatabase(name)
  if (documents < workspaces) await seed(urls, workspaces, progress)
  const release = async (): Promise<void> => {
    if (changesData) await firstServer().db.destroy(name)
  }
  return { urls, release }
}

async function seed(
  urls: readonly string[],
  workspaces: number,
  progress: (text: string) => void,
): Promise<void> {
  const startedMs = performance.now()
  const store = openCouchdbRepository({ urls })
  try {
    await seedWorkspaces(store, {
      workspaces,
      onProgress: ({ done, total }) => progress(`seeding CouchDB: ${done} of ${total} workspaces`),
    })
  } finally {
    await store.close()
  }
  progress(`seeded ${workspaces} workspaces in ${Math.round(performance.now() - startedMs) / 1000} s`)
}
