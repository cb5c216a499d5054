import { openLmdbRepository } from 'photos-lmdb'
import { sampleWorkspaceId, seedWorkspaces } from 'photos-samples'
import type { Config } from './config.js'

/** Fills a new embedded store with sample workspaces, so that there is something to look at. A used one is left alone. */
export async function addSampleWorkspaces({ dataDir, sampleWorkspaces }: Config): Promise<void> {
  if (sampleWorkspaces === 0) return
  const store = await openLmdbRepository({ path: dataDir })
  try {
    if ((await store.status()).workspaces > 0) return
    await seedWorkspaces(store, { workspaces: sampleWorkspaces })
    console.log(`${dataDir} is new: it now holds ${sampleWorkspaces} sample workspaces`)
  } finally {
    await store.close()
  }
}

/** What to do with a service that has just started, for someone who sees it for the first time. */
export function whatToTry(url: string): string {
  const workspace = `${url}/api/photos/workspace/${sampleWorkspaceId(1)}`
  return `
Spacework Photos is at ${url}
  curl ${workspace}
  curl ${workspace} -H 'content-type: application/json' \\
    -d '{"url":"https://picsum.photos/id/237/800/600","description":"A black puppy"}'
  The API in OpenAPI: ${url}/openapi.json

`
}
