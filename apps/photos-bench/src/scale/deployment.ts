import { cachedData } from '../data/cached-data.js'
import { noCouchdb } from '../data/couchdb-servers.js'
import { embeddedData } from '../data/embedded-data.js'
import type { CpuGroup, CpuGroups, CpuQuota } from '../machine/cpu-groups.js'
import { startBareFastify } from '../subjects/bare-fastify.js'
import { BEHIND_EDGE } from '../subjects/edge.js'
import { readAll } from '../subjects/read-all.js'
import { firstDeathOf } from '../subjects/server-process.js'
import { startService } from '../subjects/service.js'
import type { RunningSubject } from '../subjects/subject.js'
import type { ScaleSettings } from './settings.js'

export type StoreName = 'embedded' | 'couchdb'

/** CouchDB and Redis where COUCHDB_URL names a CouchDB, else the embedded store that replicas share. */
export const storeOf = (env: NodeJS.ProcessEnv): StoreName =>
  noCouchdb(env) === undefined ? 'couchdb' : 'embedded'

/** The replicas of every setup, each in a control group of its own. NGINX comes and goes with the setups. */
export interface Deployment {
  /** One replica without the caches of the service. */
  readonly before: RunningSubject
  readonly replicas: readonly RunningSubject[]
  /** The control: as many processes of bare Fastify. */
  readonly bare: readonly RunningSubject[]
  /** Rejects when one of them dies. */
  readonly died: Promise<never>
  /** Holds each to the quota, until it is let go. */
  limit(quota: CpuQuota): void
  unlimit(): void
  stop(): Promise<void>
}

export interface DeploymentOptions {
  readonly settings: Pick<ScaleSettings, 'workspaces' | 'replicaCounts'>
  /** How long the control's answers are. */
  readonly answerBytes: number
  readonly store: StoreName
  readonly cacheDir: string
  readonly groups: CpuGroups
  readonly progress: (text: string) => void
  readonly signal: AbortSignal
}

/** Starts everything, without a quota. @throws SetupError where a part does not start; then nothing is left running */
export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { settings, groups, progress, signal } = options
  const held: CpuGroup[] = []
  const opened: (() => Promise<void>)[] = []
  const unlimit = (): void => {
    for (const group of held) group.unlimit()
  }
  const stop = async (): Promise<void> => {
    // What is held back would take its time to end.
    unlimit()
    for (const close of opened.reverse()) await close()
  }
  const hold = (name: string, pids: readonly number[]): void => {
    const group = groups.group(name)
    for (const pid of pids) group.add(pid)
    held.push(group)
  }
  try {
    const data = await openData(options)
    opened.push(data.release)
    if (data.redisPid !== undefined) hold('redis', [data.redisPid])
    const started: RunningSubject[] = []
    opened.push(async () => {
      await Promise.all(started.map((replica) => replica.stop()))
    })
    const start = async (name: string, starting: () => Promise<RunningSubject>): Promise<RunningSubject> => {
      signal.throwIfAborted()
      const server = await starting()
      started.push(server)
      hold(name, server.pids)
      return server
    }
    const service = (name: string, more: Readonly<Record<string, string>> = {}): Promise<RunningSubject> =>
      start(name, () => startService(name, {}, { ...BEHIND_EDGE, ...data.settings, ...more }))
    const before = await service('before', { PHOTOS_CACHE: 'off' })
    const most = Math.max(...settings.replicaCounts)
    const replicas: RunningSubject[] = []
    const bare: RunningSubject[] = []
    for (let nth = 1; nth <= most; nth++) {
      progress(`starting replica ${nth} of ${most}`)
      replicas.push(await service(`replica-${nth}`))
      bare.push(await start(`bare-${nth}`, () => startBareFastify(options)))
    }
    const [first] = replicas
    if (data.redisPid !== undefined && first !== undefined) {
      await readAll(first.origin, { workspaces: settings.workspaces, progress })
    }
    return {
      before,
      replicas,
      bare,
      died: firstDeathOf(started),
      limit: (quota) => {
        for (const group of held) group.limit(quota)
      },
      unlimit,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Data {
  /** The service's environment variables that name where the data is. */
  readonly settings: Readonly<Record<string, string>>
  readonly redisPid?: number | undefined
  release(): Promise<void>
}

async function openData({ settings, store, cacheDir, progress }: DeploymentOptions): Promise<Data> {
  const context = { workspaces: settings.workspaces, changesData: false, cacheDir, progress }
  if (store === 'couchdb') return cachedData(context)
  const { dir, release } = await embeddedData(context)
  return { settings: { PHOTOS_DATA_DIR: dir }, release }
}
