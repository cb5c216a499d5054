import { fileURLToPath } from 'node:url'
import { freePort, HOST, startServerProcess } from './server-process.js'
import type { RunningSubject, SubjectContext } from './subject.js'

const SERVER = fileURLToPath(new URL('./server.js', import.meta.resolve('photos-api')))
const SLOW_DOWN = new URL('./slow-down.js', import.meta.url).href

/**
 * Starts photos-api as a process, with the settings that say what it stores in and caches with.
 * @param release what to do with its data once it has stopped, or did not start
 * @param server the script to run, where it is another build's
 */
export async function startService(
  name: string,
  { slowDownMicroseconds }: Pick<SubjectContext, 'slowDownMicroseconds'>,
  settings: Readonly<Record<string, string>>,
  release: () => Promise<void> = async () => {},
  server = SERVER,
): Promise<RunningSubject> {
  const slowed = slowDownMicroseconds !== undefined
  try {
    const port = await freePort()
    const service = await startServerProcess({
      name,
      args: [...(slowed ? ['--import', SLOW_DOWN] : []), server],
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
    return releasing(service, release)
  } catch (error) {
    await release()
    throw error
  }
}

/** The subject, whose data goes with it. */
export function releasing(subject: RunningSubject, release: () => Promise<void>): RunningSubject {
  return {
    ...subject,
    async stop() {
      await subject.stop()
      await release()
    },
  }
}
