import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { renderNginx } from 'photos-test-servers'
import type { Variables } from './infra.js'

/**
 * Has `nginx -t` read the templates with these variables. What is only there where they are deployed is stood in for: the names of
 * other machines, and the directories; and `resolve`, which is newer than the oldest NGINX that is supported.
 * @throws Error with what nginx says
 */
export async function checkNginx(directory: string, variables: Variables): Promise<void> {
  const servers = variables['EDGE_SERVERS']
    ?.replace(/server [^: ]+/, 'server 127.0.0.1')
    .replace(' resolve', '')
  await renderNginx(directory, {
    ...variables,
    ...(servers === undefined ? {} : { EDGE_SERVERS: servers }),
    EDGE_RESOLVER: (variables['EDGE_RESOLVER'] ?? '').replace(/resolver \S+/, 'resolver 127.0.0.1'),
    EDGE_RUN_DIR: directory,
    EDGE_CACHE_DIR: `${directory}/cache`,
    EDGE_ACCESS_LOG: `${directory}/access.log`,
  })
  await promisify(execFile)('nginx', ['-e', 'stderr', '-p', directory, '-c', 'nginx.conf', '-q', '-t'])
}
