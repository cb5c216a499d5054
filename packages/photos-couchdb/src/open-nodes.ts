import { addressesOf } from './addresses.js'
import { Nodes } from './nodes.js'
import { type CouchdbOptions, withDefaults } from './options.js'

/** The nodes that the options name. Nothing is asked of them yet. @throws TypeError for URLs that cannot be right */
export function openNodes(options: CouchdbOptions): Nodes {
  const { attemptTimeoutMs, connectTimeoutMs, graceMs, upIntervalMs } = withDefaults(options)
  return new Nodes(addressesOf(options.urls, options.credentials), {
    connectTimeoutMs,
    graceMs,
    upIntervalMs,
    upTimeoutMs: attemptTimeoutMs,
    probeDelayMs: { first: 100, longest: 2000 },
    backoffMs: { first: 50, longest: 500 },
  })
}
