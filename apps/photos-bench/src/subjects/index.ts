import { UsageError } from '../errors.js'
import { bareBatches, bareBatchesCached } from './bare-batches.js'
import { bareFastify } from './bare-fastify.js'
import { cached, redisCached, warmCached } from './cached.js'
import { couchdb } from './couchdb.js'
import { embedded, embeddedTenth, reference } from './embedded.js'
import { nanoGet } from './nano-get.js'
import { nginx, nginxBare } from './nginx.js'
import { original } from './original.js'
import { stack } from './stack.js'
import type { Subject } from './subject.js'

/** Everything that can be measured, by the name that scenarios use. */
const SUBJECTS: Readonly<Record<string, Subject>> = {
  embedded,
  'embedded-tenth': embeddedTenth,
  reference,
  couchdb,
  cached,
  'cached-warm': warmCached,
  'redis-cached': redisCached,
  'bare-fastify': bareFastify,
  nginx,
  'nginx-bare': nginxBare,
  stack,
  'nano-get': nanoGet,
  'bare-batches': bareBatches,
  'bare-batches-cached': bareBatchesCached,
  original,
}

export const subjectNames: readonly string[] = Object.keys(SUBJECTS)

export function subjectOf(name: string): Subject {
  const subject = SUBJECTS[name]
  if (subject === undefined) throw new UsageError(`there is nothing named ${name} to measure`)
  return subject
}
