import { type CachedRepository, type CacheOptions, withCache } from 'photos-cache'
import { createMemoryStore, type MemoryStore } from 'photos-contract'
import {
  encodePhotos,
  type PhotoRepository,
  type Version,
  type WorkspaceContent,
  type WorkspaceId,
} from 'photos-domain'
import type { Test } from 'tap'

/** Asks again and again until it is so. Where it never is, the test ends by its timeout, saying what it waited for. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const startedMs = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startedMs > 30_000) throw new Error(`not within 30 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const contentOf = (description: string): WorkspaceContent => ({
  photos: encodePhotos([{ id: 'p', url: 'https://pictures.example/p', description }]),
})

export interface CacheUnderTest {
  readonly store: MemoryStore
  readonly cache: CachedRepository
  /** One line for each that was logged. */
  readonly logged: readonly string[]
}

/**
 * A cache around a store in memory; closed with the test. Calls to Redis are given much time, for tests that are about something else
 * than time.
 */
export function openCache(t: Test, options: CacheOptions, store = createMemoryStore()): CacheUnderTest {
  const logged: string[] = []
  const log = (_details: object, message: string) => logged.push(message)
  const cache = withCache(store.handle(), {
    log: { info: log, warn: log },
    redisTimeoutMs: 5000,
    ...options,
  })
  t.teardown(() => cache.close())
  return { store, cache, logged }
}

export const isTrusted = ({ cache }: CacheUnderTest): boolean => {
  const { redis } = cache.metrics()
  return redis?.isTrusted === true && redis.busIsLive
}

export const untilTrusted = (under: CacheUnderTest): Promise<void> =>
  until('Redis is in use and trusted', () => isTrusted(under))

/** Writes on top of what is there. */
export async function write(
  repository: PhotoRepository,
  id: WorkspaceId,
  description: string,
): Promise<Version> {
  const { version } = await repository.read(id, { fresh: true })
  return repository.write(id, contentOf(description), version)
}
