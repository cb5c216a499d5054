import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { availableBytes, lockedBytes } from '../machine/process-usage.js'

/** Of the memory that is available, so much may be locked: the rest is for those who are measured. */
const LOCKED_SHARE = 0.8
const POLL_MS = 50

// Should this process end by an error that nothing caught, nothing must stay locked.
const holding = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of holding) child.kill('SIGKILL')
})

/**
 * Reads every byte of a file once, so that the kernel holds it in its page cache as it does on a machine that has been serving for
 * a while. Some kernels take back what was not touched for a minute or two, though memory is free (DAMON); so it is also locked
 * there, by vmtouch (https://hoytech.com/vmtouch/) where that is installed and there is room. What does not stay in memory is told by
 * the page faults of the run.
 * @returns what lets go of it
 */
export async function holdInMemory(
  file: string,
  progress: (text: string) => void,
): Promise<() => Promise<void>> {
  for await (const _chunk of createReadStream(file, { highWaterMark: 2 ** 20 }));
  const { size } = await stat(file)
  if (size > LOCKED_SHARE * availableBytes()) return async () => {}
  // `-m`: it leaves out files that are larger.
  const child = spawn('vmtouch', ['-q', '-l', '-m', String(size + 1), file], { stdio: 'ignore' })
  const ended = once(child, 'close').catch(() => {
    // It is not installed.
  })
  let hasEnded = false
  void ended.then(() => {
    hasEnded = true
    holding.delete(child)
  })
  holding.add(child)
  while (!hasEnded && lockedBytes(child.pid) < size) await Promise.race([delay(POLL_MS), ended])
  if (!hasEnded) progress(`${file} is locked in memory`)
  return async () => {
    child.kill()
    await ended
  }
}
