import { startBareFastify } from './bare-fastify.js'
import { SERVICE_CACHE_CONTROL } from './cache-control.js'
import { BEHIND_EDGE, behindEdge, noNginx } from './edge.js'
import { startEmbedded } from './embedded.js'
import type { Subject } from './subject.js'

/**
 * The service as it is deployed on one machine, behind NGINX. One replica: the machine that it stands for has a core or two, and
 * on two of them a second replica has no core of its own.
 */
export const nginx: Subject = {
  description: 'NGINX with its microcache, in front of photos-api over the embedded store, one replica',
  answers: 'samples',
  unavailable: noNginx,
  start: async (context) => behindEdge([await startEmbedded(context, BEHIND_EDGE)]),
}

/** What this NGINX can do at most: the same in front of bare routes, whose answers it may cache for as long. */
export const nginxBare: Subject = {
  description: 'the same NGINX in front of bare Fastify routes that send one fixed buffer',
  answers: 'fixed',
  unavailable: noNginx,
  start: async (context) =>
    behindEdge([await startBareFastify(context, { CACHE_CONTROL: SERVICE_CACHE_CONTROL })]),
}
