import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * The first loopback port from `first` on that nothing listens on. Not one that the system chooses: those are also given to
 * connections, and a replica that is started again could find its own taken.
 */
export async function unusedPort(first: number, exclude: ReadonlySet<number>): Promise<number> {
  for (let port = first; port < 65_536; port++) {
    if (!exclude.has(port) && (await isUnused(port))) return port
  }
  throw new RangeError(`no port from ${first} on is free`)
}

async function isUnused(port: number): Promise<boolean> {
  const probe = createServer()
  try {
    probe.listen(port, '127.0.0.1')
    await once(probe, 'listening')
  } catch {
    return false
  }
  probe.close()
  await once(probe, 'close')
  return true
}
