import { open, stat } from 'node:fs/promises'
import { sampleContent } from 'photos-samples'
import { startNginx } from 'photos-test-servers'
import { embeddedData } from '../data/embedded-data.js'
import { SetupError } from '../errors.js'
import { bareFastify } from '../subjects/bare-fastify.js'
import { startService } from '../subjects/service.js'
import { type MeasuredDemand, measureLoad } from './measured-load.js'
import {
  CONNECTIONS,
  HOT,
  type MeasuredPart,
  type MeasureOptions,
  READS,
  UNIFORM,
  WRITES,
  warm,
  ZIPF,
} from './measured-part.js'

/** What a request costs a replica over the embedded store, and NGINX in front of it. */
export async function measureEmbedded(options: MeasureOptions): Promise<MeasuredPart[]> {
  const { workspaces, seconds, progress } = options
  const data = await embeddedData({ ...options, changesData: true })
  const service = await startService('embedded', {}, { PHOTOS_DATA_DIR: data.dir }, data.release)
  const nginx = await startNginx({
    variables: {
      EDGE_SERVERS: `server ${new URL(service.origin).host} max_fails=2 fail_timeout=2s;`,
      // The generator is one client.
      EDGE_LIMITS: 'off',
      EDGE_WORKERS: '1',
    },
  })
  const { pid: nginxPid } = nginx
  if (nginxPid === undefined) throw new SetupError('nginx is not running')
  const pids = { service: service.pids, nginx: [nginxPid] }
  const parts: MeasuredPart[] = []
  const measure = async (
    name: string,
    origin: string,
    load: Pick<MeasuredDemand, 'ids' | 'mix'>,
  ): Promise<void> => {
    progress(`measuring ${name}`)
    const demand = { origin, workspaces, connections: CONNECTIONS, seconds, ...load }
    await warm(demand)
    const skip = (await stat(nginx.accessLog)).size
    const measured = await measureLoad(demand, pids)
    const edge = origin === nginx.url ? await hitShareOf(nginx.accessLog, skip) : undefined
    parts.push({ name, ...measured, shares: edge === undefined ? undefined : { edge } })
  }
  try {
    await measure('embedded read, 1,000 workspaces', service.origin, { ids: HOT, mix: READS })
    await measure('embedded read, all workspaces', service.origin, { ids: UNIFORM, mix: READS })
    await measure('NGINX hit, 1,000 workspaces', nginx.url, { ids: HOT, mix: READS })
    await measure('NGINX pass, all workspaces', nginx.url, { ids: UNIFORM, mix: READS })
    await measure('NGINX and the embedded store, Zipf 0.99', nginx.url, { ids: ZIPF, mix: READS })
    await measure('embedded write', service.origin, { ids: UNIFORM, mix: WRITES })
    return parts
  } finally {
    await nginx.close()
    await service.stop()
  }
}

/** The bare route that everything is compared with: it tells how fast the machine is at this hour. */
export async function measureControl(options: MeasureOptions): Promise<MeasuredPart> {
  const { workspaces, seconds } = options
  const answerBytes = sampleContent(0).photos.byteLength
  const control = await bareFastify.start({ ...options, answerBytes, changesData: false })
  try {
    const load = { ids: HOT, mix: READS, answers: { kind: 'fixed', bytes: answerBytes } } as const
    const demand = { origin: control.origin, workspaces, connections: CONNECTIONS, seconds, ...load }
    await warm(demand)
    return { name: 'bare Fastify', ...(await measureLoad(demand, { service: control.pids })) }
  } finally {
    await control.stop()
  }
}

/** The share of hits among what was logged from a place on; undefined where nothing was. */
async function hitShareOf(accessLog: string, from: number): Promise<number | undefined> {
  const file = await open(accessLog)
  let hits = 0
  let all = 0
  try {
    for await (const line of file.readLines({ start: from })) {
      all++
      if (line.includes('"cache":"HIT"')) hits++
    }
  } finally {
    await file.close()
  }
  return all === 0 ? undefined : hits / all
}
