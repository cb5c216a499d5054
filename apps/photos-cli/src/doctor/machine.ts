import { access, constants, stat, statfs } from 'node:fs/promises'
import { availableParallelism, freemem, totalmem } from 'node:os'
import { dirname } from 'node:path'

export interface Machine {
  readonly node: string
  readonly platform: string
  /** How many processes can run at once. */
  readonly cpus: number
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number }
  /** How many files and connections a process may have open; undefined where the system does not say. */
  readonly maxOpenFiles: number | 'unlimited' | undefined
}

export function examineMachine(): Machine {
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpus: availableParallelism(),
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    maxOpenFiles: maxOpenFiles(),
  }
}

export interface Disk {
  /** The directory that was asked for, or the nearest one above it that is there. */
  readonly path: string
  readonly totalBytes: number
  /** What this user may still write. */
  readonly freeBytes: number
  /** Why this user cannot write to it; absent where there is nothing in the way. */
  readonly problem?: string
}

/** The file system that a directory is on, or would be. */
export async function examineDisk(directory: string): Promise<Disk> {
  const path = await nearestExisting(directory)
  const { bsize, blocks, bavail } = await statfs(path)
  const problem = await whyNotWritable(path)
  return { path, totalBytes: bsize * blocks, freeBytes: bsize * bavail, ...(problem && { problem }) }
}

async function nearestExisting(path: string): Promise<string> {
  const above = dirname(path)
  try {
    await stat(path)
    return path
  } catch (error) {
    if (above === path) throw error
    return nearestExisting(above)
  }
}

async function whyNotWritable(path: string): Promise<string | undefined> {
  if (!(await stat(path)).isDirectory()) return `${path} is not a directory`
  try {
    await access(path, constants.W_OK)
    return undefined
  } catch {
    return `${path} cannot be written to by this user`
  }
}

/** From the diagnostic report (https://nodejs.org/api/report.html), the one place where Node tells it. */
function maxOpenFiles(): number | 'unlimited' | undefined {
  if (process.report === undefined) return undefined
  const report: unknown = process.report.getReport()
  const limit = (report as UserLimits).userLimits?.open_files?.soft
  return limit === 'unlimited' ? limit : limit === undefined ? undefined : Number(limit)
}

interface UserLimits {
  readonly userLimits?: { readonly open_files?: { readonly soft: string | number } }
}
