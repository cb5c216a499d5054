import type { Test } from 'tap'
import { Agent, request } from 'undici'
import { until } from './cached-app.js'
import { type ServiceProcess, startService, unusedPort } from './service-process.js'

/** A replica of the service, in a process of its own. */
export interface Replica extends ServiceProcess {
  readonly name: string
  ask(path: string, options?: AskOptions): Promise<Answer>
}

export interface AskOptions {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly body: string
  /** The value of a header; empty where it is absent. */
  header(name: string): string
}

/** Starts the real server, and resolves once it is ready. */
export async function startReplica(t: Test, name: string, env: NodeJS.ProcessEnv): Promise<Replica> {
  const port = await unusedPort()
  const service = startService(t, {
    ...{ NODE_ENV: 'production', LOG_LEVEL: 'warn', PORT: `${port}`, PHOTOS_DATA_DIR: t.testdir() },
    ...env,
  })
  const agent = new Agent({ connections: 64 })
  t.teardown(() => agent.destroy())
  const ask = async (path: string, { method = 'GET', body, headers }: AskOptions = {}): Promise<Answer> => {
    const answer = await request(`http://127.0.0.1:${port}${path}`, {
      method,
      dispatcher: agent,
      body: body === undefined ? null : JSON.stringify(body),
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    })
    return {
      status: answer.statusCode,
      body: await answer.body.text(),
      header: (of) => String(answer.headers[of] ?? ''),
    }
  }
  await until(`${name} is ready`, async () => {
    if (service.child.exitCode !== null) throw new Error(`${name} ended: ${service.output()}`)
    return ask('/health/ready').then(
      ({ status }) => status === 200,
      () => false,
    )
  })
  return { ...service, name, ask }
}

/** The value of one sample of the replica's metrics. */
export async function metricOf({ name, ask }: Replica, sample: string): Promise<number> {
  const { body } = await ask('/metrics')
  const line = body.split('\n').find((text) => text.startsWith(`${sample} `))
  if (line === undefined) throw new Error(`${name} has no metric ${sample}`)
  return Number(line.slice(sample.length + 1))
}
