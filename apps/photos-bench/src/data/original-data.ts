import { samplePhotos, sampleWorkspaceId } from 'photos-samples'
import type { SubjectContext } from '../subjects/subject.js'
import { firstServer, makeDatabase } from './couchdb-servers.js'
import { samplesFingerprint } from './samples-fingerprint.js'

const BATCH_LENGTH = 1000

/** A document of the original design: its own id says nothing, the workspace is found by an index. */
export interface OriginalDocument {
  readonly workspace_id: string
  readonly photos: readonly { readonly id: string; readonly url: string; readonly description: string }[]
}

/**
 * The name of a database in the layout of the original design, with the sample workspaces and their index. A run that writes
 * changes descriptions and adds photos; the next one gets a new database, so what is found is as seeded.
 */
export async function originalDatabase(
  context: Pick<SubjectContext, 'workspaces' | 'changesData' | 'progress'>,
): Promise<{ readonly name: string; release(): Promise<void> }> {
  const { workspaces, changesData, progress } = context
  const base = `photos-bench-original-${workspaces}-${samplesFingerprint()}`
  const name = changesData ? `${base}-run` : base
  const server = firstServer()
  if (changesData) await server.db.destroy(name).catch(() => undefined)
  // Ids are random here, so it cannot be told which workspaces are there: what was interrupted is begun again.
  const seeded = await makeDatabase(name)
  if (seeded < workspaces) {
    if (seeded > 0) {
      await server.db.destroy(name)
      await makeDatabase(name)
    }
    const database = server.use<OriginalDocument>(name)
    for (let from = 0; from < workspaces; from += BATCH_LENGTH) {
      const length = Math.min(BATCH_LENGTH, workspaces - from)
      const docs = Array.from({ length }, (_, offset) => ({
        workspace_id: sampleWorkspaceId(from + offset),
        photos: samplePhotos(from + offset),
      }))
      await database.bulk({ docs })
      progress(`seeding the original layout: ${from + length} of ${workspaces} workspaces`)
    }
  }
  const database = server.use<OriginalDocument>(name)
  await database.createIndex({ index: { fields: ['workspace_id'] } })
  progress('waiting for the index of the original layout')
  await buildIndex(() => database.find({ selector: { workspace_id: sampleWorkspaceId(0) }, limit: 1 }))
  const release = async (): Promise<void> => {
    if (changesData) await server.db.destroy(name)
  }
  return { name, release }
}

/** The first query builds the index, and CouchDB may give up on the wait before it is done. */
async function buildIndex(query: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await query()
      return
    } catch (error) {
      if (attempt === 60) throw error
    }
  }
}
