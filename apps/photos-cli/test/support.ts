import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { NEVER_WRITTEN, type Photo } from 'photos-domain'
import { openLmdbRepository } from 'photos-lmdb'
import type { Test } from 'tap'

export const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

export interface Finished {
  /** The exit code; undefined when a signal killed it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Default: the test's directory. */
  readonly cwd?: string
  /** What it reads on standard input; nothing if absent. With `open` the input does not end. */
  readonly input?: string | Buffer | { readonly open: string }
}

export interface Running {
  readonly finished: Promise<Finished>
  /** Its standard output, of which nothing is read before `finished` is asked for. */
  readonly stdout: Readable
  /** Resolves when it has said that on standard error; rejects when it ended without. */
  said(pattern: RegExp): Promise<void>
  kill(signal: NodeJS.Signals): void
}

/** Starts the built command in a process of its own, with an environment in which nothing is configured. */
export function start(
  t: Test,
  args: readonly string[],
  { cwd, env, input = '' }: StartOptions = {},
): Running {
  const { PATH } = process.env
  // tap makes every Node process load its instruments by NODE_OPTIONS; a user's has none, and it starts in half the time.
  const command = ['-u', 'NODE_OPTIONS', process.execPath, MAIN, ...args]
  const child = spawn('env', command, { cwd: cwd ?? t.testdirName, env: { PATH, ...env } })
  t.teardown(() => child.kill('SIGKILL'))
  // It may end before it has read everything.
  child.stdin.on('error', () => undefined)
  if (typeof input === 'object' && 'open' in input) child.stdin.write(input.open)
  else child.stdin.end(input)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? undefined))
  })
  return {
    get finished() {
      return finish()
    },
    stdout: child.stdout,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(stderr)) resolve()
        }
        child.stderr.on('data', look)
        child.on('close', () => reject(new Error(`it ended without saying ${pattern}: ${stderr}`)))
        look()
      }),
    kill: (signal) => child.kill(signal),
  }

  async function finish(): Promise<Finished> {
    const stdout: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    const code = await ended
    return { code, stdout: Buffer.concat(stdout).toString(), stderr }
  }
}

/** Runs the built command to its end. */
export const run = (t: Test, args: readonly string[], options?: StartOptions): Promise<Finished> =>
  start(t, args, options).finished

/** The `--store` of an embedded store in the test's directory. */
export const lmdb = (t: Test, name: string): string => `lmdb:${join(t.testdirName, name)}`

/** Everything in a store, as `photos export` writes it. */
export async function exported(t: Test, store: string): Promise<string> {
  const { code, stdout, stderr } = await run(t, ['export', '--store', store])
  if (code !== 0) throw new Error(stderr)
  return stdout
}

/** Resolves once the store in a directory has a workspace. */
export async function untilWritten(t: Test, name: string, workspaceId: string): Promise<void> {
  const repository = await openLmdbRepository({ path: join(t.testdirName, name) })
  try {
    while ((await repository.read(workspaceId, { fresh: true })).version === NEVER_WRITTEN) {
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  } finally {
    await repository.close()
  }
}

export const photo = (id: string, description: string): Photo => ({
  id,
  url: 'https://example.org/a.jpg',
  description,
})

/** A line of an import. */
export const lineOf = (workspaceId: string, ...photos: object[]): string =>
  `${JSON.stringify({ workspaceId, photos })}\n`
