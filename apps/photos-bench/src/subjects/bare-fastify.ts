import { fileURLToPath } from 'node:url'
import { freePort, startServerProcess } from './server-process.js'
import type { RunningSubject, Subject, SubjectContext } from './subject.js'

const SERVER = fileURLToPath(new URL('./bare-fastify-server.js', import.meta.url))

/** What Fastify can do at most: routes that send one fixed buffer, as long as the scenario's average answer. */
export const bareFastify: Subject = {
  description: 'bare Fastify routes that send one fixed buffer',
  answers: 'fixed',
  start: (context) => startBareFastify(context),
}

/** @param env what it says to caches: CACHE_CONTROL */
export async function startBareFastify(
  { answerBytes }: Pick<SubjectContext, 'answerBytes'>,
  env: { readonly CACHE_CONTROL?: string } = {},
): Promise<RunningSubject> {
  const port = await freePort()
  return startServerProcess({
    name: 'bare-fastify',
    args: [SERVER],
    env: { NODE_ENV: 'production', PORT: String(port), ANSWER_BYTES: String(answerBytes), ...env },
    port,
    readyPath: '/api/photos/workspace/ready',
  })
}
