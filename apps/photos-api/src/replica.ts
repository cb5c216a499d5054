import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.js'
import type { Config } from './config.js'

/** A terminal and what started us both deliver the same Ctrl-C. */
const ECHO_MS = 1000

/**
 * Serves until a signal comes: then it stops accepting, finishes what is in flight, closes the store and exits 0. A second
 * signal ends the wait. Resolves to the URL it listens on.
 */
export async function runReplica(config: Config): Promise<string> {
  const app = await buildApp({ config })
  let closingSince = 0
  closeWithGrace(
    {
      delay: config.shutdownTimeoutMs,
      logger: app.log,
      onSecondSignal: () => {
        if (Date.now() - closingSince > ECHO_MS) process.exit(1)
      },
    },
    async ({ signal, err }) => {
      closingSince = Date.now()
      if (err) app.log.fatal({ err }, 'closing after an error that nothing caught')
      else app.log.info(`closing on ${signal}`)
      await app.close()
    },
  )
  try {
    return await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    await app.close()
    throw error
  }
}
