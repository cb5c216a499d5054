import { spawnSync } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sampleWorkspaceId } from 'photos-samples'
import t from 'tap'
import { AnswerChecker } from '../dist/load/answer-checker.js'
import { RequestWriter } from '../dist/load/operations.js'
import { canMeasureProcesses, memoryUsage } from '../dist/machine/process-usage.js'
import { SERVICE_CACHE_CONTROL } from '../dist/subjects/cache-control.js'
import { nginx, nginxBare } from '../dist/subjects/nginx.js'
import type { RunningSubject, SubjectContext } from '../dist/subjects/subject.js'

const ANSWER_BYTES = 900
const context: SubjectContext = {
  workspaces: 100,
  answerBytes: ANSWER_BYTES,
  changesData: false,
  cacheDir: await mkdtemp(join(tmpdir(), 'bench-nginx-test-')),
  progress: () => {},
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Headers
}

async function ask({ origin }: RunningSubject, index: number, headers = {}): Promise<Answer> {
  const answer = await fetch(`${origin}/api/photos/workspace/${sampleWorkspaceId(index)}`, { headers })
  return { status: answer.status, body: await answer.text(), headers: answer.headers }
}

/** Asks until the microcache has the answer: it keeps what is asked for several times. */
async function askOften(subject: RunningSubject, index: number): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let nth = 0; nth < 8; nth++) answers.push(await ask(subject, index))
  return answers
}

const cacheStatuses = (answers: readonly Answer[]): string[] =>
  answers.map(({ headers }) => headers.get('cache-status') ?? '')

t.test(
  'NGINX in front of the service answers rightly from the service and from its microcache',
  async (t) => {
    const subject = await nginx.start(context)
    t.teardown(() => subject.stop())
    const checker = new AnswerChecker({ kind: 'samples' }, false)
    const request = new RequestWriter('localhost').collection(7, true)
    const answers = await askOften(subject, 7)
    for (const { status, body } of answers) t.equal(checker.check(request, status, body), undefined)
    t.ok(cacheStatuses(answers).some((text) => text.includes('detail=HIT')))
    t.equal(answers[0]?.headers.get('cache-control'), SERVICE_CACHE_CONTROL, 'the control says the same')
  },
)

t.test('the microcache treats the control like the service', async (t) => {
  const subject = await nginxBare.start(context)
  t.teardown(() => subject.stop())
  const checker = new AnswerChecker({ kind: 'fixed', bytes: ANSWER_BYTES }, false)
  const request = new RequestWriter('localhost').collection(7, true)
  const answers = await askOften(subject, 7)
  for (const { status, body } of answers) t.equal(checker.check(request, status, body), undefined)
  t.ok(cacheStatuses(answers).some((text) => text.includes('detail=HIT')))
  t.equal(answers[0]?.headers.get('cache-control'), SERVICE_CACHE_CONTROL)
  const etag = answers[0]?.headers.get('etag')
  t.equal((await ask(subject, 7, { 'if-none-match': etag })).status, 304)
})

t.test(
  'no rate is limited, and all processes count',
  { skip: canMeasureProcesses ? false : 'only Linux tells' },
  async (t) => {
    const subject = await nginxBare.start(context)
    t.teardown(() => subject.stop())
    const statuses = await Promise.all(
      Array.from({ length: 700 }, async (_, nth) => (await ask(subject, nth % 100)).status),
    )
    // So many connections at once may be more than a busy machine takes in a second (504), but none is a client's fault.
    t.notOk(statuses.includes(429))
    t.ok(statuses.includes(200))
    const [master = 0, server = 0] = subject.pids
    t.equal(subject.pids.length, 2)
    t.match(
      spawnSync('ps', ['-o', 'args=', '--ppid', `${master}`], { encoding: 'utf8' }).stdout,
      /worker process/,
    )
    const both = memoryUsage(subject.pids).anonymousBytes
    t.ok(both > memoryUsage([server]).anonymousBytes)
  },
)
