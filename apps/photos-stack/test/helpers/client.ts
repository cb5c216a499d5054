import { once } from 'node:events'
import { type Agent, type IncomingMessage, request } from 'node:http'

export interface Answer {
  readonly status: number
  /** Of a header that came several times, all of it: `a, b`. */
  readonly header: (name: string) => string
  readonly text: string
}

export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Default: a connection for this request alone. */
  readonly agent?: Agent
}

/** One HTTP request. Rejects when there is no answer. */
export async function send(
  url: string,
  { method = 'GET', headers = {}, body, agent }: Sent = {},
): Promise<Answer> {
  const outgoing = request(url, { method, headers: { ...headers }, agent: agent ?? false })
  outgoing.end(body)
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return {
    status: incoming.statusCode ?? 0,
    header: (name) => (incoming.headersDistinct[name] ?? []).join(', '),
    text: Buffer.concat(chunks).toString(),
  }
}

/** What nginx says of its cache: `HIT`, `MISS` … */
export const cacheDetail = (answer: Answer): string =>
  /nginx;.*detail=(\w+)$/.exec(answer.header('cache-status'))?.[1] ?? ''

export const workspacePath = (workspaceId: string): string => `/api/photos/workspace/${workspaceId}`

/** Adds a photo. @throws Error unless it was made */
export async function addPhoto(
  url: string,
  workspaceId: string,
  description: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const answer = await postPhoto(url, workspaceId, description, headers)
  if (answer.status !== 201) throw new Error(`POST answered ${answer.status}: ${answer.text}`)
}

export function postPhoto(
  url: string,
  workspaceId: string,
  description: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return send(url + workspacePath(workspaceId), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ url: 'https://example.com/a.jpg', description }),
  })
}

/** Asks again and again until the answer is the one waited for. */
export async function sendUntil(
  ask: () => Promise<Answer>,
  isIt: (answer: Answer) => boolean,
): Promise<Answer> {
  for (;;) {
    const answer = await ask()
    if (isIt(answer)) return answer
    await delay(20)
  }
}

export const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
