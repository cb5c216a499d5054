import { fileURLToPath } from 'node:url'
import { embeddedData } from '../data/embedded-data.js'
import { freePort, HOST, startServerProcess } from './server-process.js'
import type { RunningSubject, Subject, SubjectContext } from './subject.js'

const SERVER = fileURLToPath(new URL('./server.js', import.meta.resolve('photos-api')))
const SLOW_DOWN = new URL('./slow-down.js', import.meta.url).href

/** The service as it is deployed on one machine: one replica over the embedded store. */
export const embedded: Subject = {
  description: 'photos-api over the embedded store, one replica',
  answers: 'samples',
  async start(context) {
    const data = await embeddedData(context)
    try {
      const service = await startService('embedded', context, { PHOTOS_DATA_DIR: data.dir })
      return {
        ...service,
        async stop() {
          await service.stop()
          await data.release()
        },
      }
    } catch (error) {
      await data.release()
      throw error
    }
  },
}

/** Starts photos-api as a process, with the settings that say what it stores in and caches with. */
export async function startService(
  name: string,
  { slowDownMicroseconds }: Pick<SubjectContext, 'slowDownMicroseconds'>,
  settings: Readonly<Record<string, string>>,
): Promise<RunningSubject> {
  const port = await freePort()
  const slowed = slowDownMicroseconds !== undefined
  return startServerProcess({
    name,
    command: process.execPath,
    args: [...(slowed ? ['--import', SLOW_DOWN] : []), SERVER],
    env: {
      NODE_ENV: 'production',
      HOST,
      PORT: String(port),
      LOG_LEVEL: 'warn',
      ...settings,
      ...(slowed ? { BENCH_SLOW_DOWN_MICROSECONDS: String(slowDownMicroseconds) } : {}),
    },
    port,
    readyPath: '/health/ready',
  })
}
