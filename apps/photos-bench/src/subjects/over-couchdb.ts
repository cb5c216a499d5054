import { couchdbData } from '../data/couchdb-data.js'
import { freePort, startServerProcess } from './server-process.js'
import { releasing } from './service.js'
import type { RunningSubject, SubjectContext } from './subject.js'

export interface ControlOverCouchdb {
  readonly name: string
  /** Its script, which answers at `/ready`. */
  readonly server: string
  /** Its settings, beside NODE_ENV and PORT; `urls` are those of the database at every node. */
  readonly env: (urls: readonly string[]) => Readonly<Record<string, string>>
}

/** Starts a control over a CouchDB database with the sample workspaces, which is let go of when the control has stopped. */
export async function startOverCouchdb(
  { name, server, env }: ControlOverCouchdb,
  context: SubjectContext,
): Promise<RunningSubject> {
  const { urls, release } = await couchdbData(context)
  try {
    const port = await freePort()
    const control = await startServerProcess({
      name,
      args: [server],
      env: { NODE_ENV: 'production', PORT: String(port), ...env(urls) },
      port,
      readyPath: '/ready',
    })
    return releasing(control, release)
  } catch (error) {
    await release()
    throw error
  }
}
