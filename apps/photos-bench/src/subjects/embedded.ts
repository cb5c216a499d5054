import { embeddedData } from '../data/embedded-data.js'
import { startService } from './service.js'
import type { RunningSubject, Subject, SubjectContext } from './subject.js'

/** The service as it is deployed on one machine: one replica over the embedded store. */
export const embedded: Subject = {
  description: 'photos-api over the embedded store, one replica',
  answers: 'samples',
  start: (context) => startEmbedded(context),
}

/** @param settings of the service, on top of where its store is */
export async function startEmbedded(
  context: SubjectContext,
  settings: Readonly<Record<string, string>> = {},
): Promise<RunningSubject> {
  const data = await embeddedData(context)
  return startService('embedded', context, { PHOTOS_DATA_DIR: data.dir, ...settings }, data.release)
}

/** The same over a tenth of the workspaces: in turns with it, it tells what the size costs. */
export const embeddedTenth: Subject = {
  ...embedded,
  description: `${embedded.description}, a tenth of the size`,
  scale: 0.1,
}
