import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { embeddedData } from '../data/embedded-data.js'
import { startService } from './service.js'
import type { RunningSubject, Subject, SubjectContext } from './subject.js'

/** The service as it is deployed on one machine: one replica over the embedded store. */
export const embedded: Subject = {
  description: 'photos-api over the embedded store, one replica',
  answers: 'samples',
  start: (context) => startEmbedded(context),
}

/**
 * @param settings of the service, on top of where its store is
 * @param server its script, where it is another build's
 */
export async function startEmbedded(
  context: SubjectContext,
  settings: Readonly<Record<string, string>> = {},
  server?: string,
): Promise<RunningSubject> {
  const data = await embeddedData(context)
  const environment = { PHOTOS_DATA_DIR: data.dir, ...settings }
  return startService('embedded', context, environment, data.release, server)
}

/**
 * The same as another build has it: that of the built checkout which BENCH_REFERENCE names, or else this one once more. Two builds in
 * turns on one machine differ by what changed, which no floor against another server tells as closely.
 */
export const reference: Subject = {
  ...embedded,
  description: `${embedded.description}, of the build to compare with`,
  unavailable({ BENCH_REFERENCE: checkout }) {
    const server = serverOf(checkout)
    return server === undefined || existsSync(server) ? undefined : `BENCH_REFERENCE: there is no ${server}`
  },
  start: (context) => startEmbedded(context, {}, serverOf(process.env['BENCH_REFERENCE'])),
}

const serverOf = (checkout = ''): string | undefined =>
  checkout === '' ? undefined : resolve(checkout, 'apps/photos-api/dist/server.js')

/** The same over a tenth of the workspaces: in turns with it, it tells what the size costs. */
export const embeddedTenth: Subject = {
  ...embedded,
  description: `${embedded.description}, a tenth of the size`,
  scale: 0.1,
}
