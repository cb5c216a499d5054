import type { FastifyInstance } from 'fastify'
import { buildApp, loadConfig } from 'photos-api'
import { createMemoryStore, type MemoryStore, type MemoryStoreHooks } from 'photos-contract'
import type { Test } from 'tap'

export interface TestApp {
  readonly app: FastifyInstance
  readonly store: MemoryStore
}

/** The whole service over a store in memory, closed with the test. */
export async function openApp(
  t: Test,
  env: NodeJS.ProcessEnv = {},
  hooks: MemoryStoreHooks = {},
): Promise<TestApp> {
  const store = createMemoryStore(hooks)
  const repository = store.handle()
  const app = await buildApp({ config: loadConfig({ LOG_LEVEL: 'silent', ...env }), store: repository })
  t.teardown(async () => {
    await app.close()
    await repository.close()
  })
  return { app, store }
}

export const LIST = '/api/photos/workspace/acme'
export const PHOTO = { url: 'https://picsum.photos/id/237/800/600', description: 'A black puppy' }

/** Adds a photo and returns it with its ETag. */
export async function addPhoto(
  app: FastifyInstance,
  photo = PHOTO,
): Promise<{ id: string; etag: string; path: string }> {
  const answer = await app.inject({ method: 'POST', url: LIST, payload: photo })
  if (answer.statusCode !== 201)
    throw new Error(`adding a photo answered ${answer.statusCode}: ${answer.body}`)
  return { id: answer.json().id, etag: String(answer.headers.etag), path: String(answer.headers.location) }
}
