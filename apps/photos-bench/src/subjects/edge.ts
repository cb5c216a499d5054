import { spawnSync } from 'node:child_process'
import { type NginxServer, type NginxVariables, nginxServers, startNginx } from 'photos-test-servers'
import { SetupError } from '../errors.js'
import { firstDeathOf, HOST } from './server-process.js'
import type { RunningSubject } from './subject.js'

/**
 * No limits: the generator is one client that asks as fast as it can. No access log: like the replicas, which log warnings
 * alone, it would measure the disk. Everything else is as deployed.
 */
const FOR_MEASURING: NginxVariables = { EDGE_LIMITS: 'off', EDGE_ACCESS_LOG_ENABLED: '0' }

/** The service's settings behind it. */
export const BEHIND_EDGE = { TRUST_PROXY: HOST } as const

/** Why no NGINX can be started here; undefined where one can. */
export function noNginx(): string | undefined {
  return spawnSync('nginx', ['-v']).status === 0 ? undefined : 'there is no nginx on the PATH'
}

/**
 * Starts NGINX from the templates that it is deployed with, in front of servers.
 * @throws SetupError with what it printed, if it does not start
 */
export async function startEdge(
  servers: readonly RunningSubject[],
  variables: NginxVariables = {},
): Promise<NginxServer> {
  const ports = servers.map(({ origin }) => Number(new URL(origin).port))
  try {
    return await startNginx({
      variables: { ...FOR_MEASURING, EDGE_SERVERS: nginxServers(ports), ...variables },
    })
  } catch (error) {
    throw new SetupError(error instanceof Error ? error.message : String(error))
  }
}

/** Servers and the NGINX in front of them as one subject. They are stopped with it, or where NGINX does not start. */
export async function behindEdge(servers: readonly RunningSubject[]): Promise<RunningSubject> {
  const stopAll = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()))
  }
  try {
    const edge = await startEdge(servers)
    return {
      origin: edge.url,
      pids: [...(edge.pid === undefined ? [] : [edge.pid]), ...servers.flatMap(({ pids }) => pids)],
      died: firstDeathOf(servers),
      async stop() {
        await edge.close()
        await stopAll()
      },
    }
  } catch (error) {
    await stopAll()
    throw error
  }
}
