import { readdirSync, readFileSync } from 'node:fs'

/*
 * What processes use, read from Linux's /proc (https://man7.org/linux/man-pages/man5/proc.5.html). A server may be several
 * processes, so each figure is of some processes and all their descendants.
 */

/** What processes have used of the CPUs since they began. */
export interface CpuUsage {
  /** User and system time, in seconds. */
  readonly busySeconds: number
  /** How long its main threads were ready to run and had to wait for a CPU, in seconds. */
  readonly waitingSeconds: number
  /** How often a page of memory had to be read from a disk first. */
  readonly majorFaults: number
}

/** What processes hold of the memory now. */
export interface MemoryUsage {
  /** RssAnon: its own memory, without mapped files. */
  readonly anonymousBytes: number
  /** RssFile: pages of mapped files, which the kernel takes back when it needs them. */
  readonly fileBytes: number
}

/** The unit of the times in /proc/<pid>/stat that Linux shows to programs, on every architecture. */
const TICKS_PER_SECOND = 100

/** Whether this system tells what processes use. */
export const canMeasureProcesses = process.platform === 'linux'

export function cpuUsage(rootPids: readonly number[]): CpuUsage {
  let ticks = 0
  let majorFaults = 0
  let waitingNanoseconds = 0
  for (const pid of processTrees(rootPids)) {
    const stat = readStat(pid)
    ticks += stat?.ticks ?? 0
    majorFaults += stat?.majorFaults ?? 0
    waitingNanoseconds += Number(read(`/proc/${pid}/schedstat`).split(' ')[1] ?? 0)
  }
  return { busySeconds: ticks / TICKS_PER_SECOND, waitingSeconds: waitingNanoseconds / 1e9, majorFaults }
}

export function memoryUsage(rootPids: readonly number[]): MemoryUsage {
  let anonymousKilobytes = 0
  let fileKilobytes = 0
  for (const pid of processTrees(rootPids)) {
    const status = read(`/proc/${pid}/status`)
    anonymousKilobytes += field(status, 'RssAnon')
    fileKilobytes += field(status, 'RssFile')
  }
  return { anonymousBytes: anonymousKilobytes * 1024, fileBytes: fileKilobytes * 1024 }
}

/** How much a process keeps the kernel from taking out of memory; 0 where the system does not tell. */
export const lockedBytes = (pid: number | undefined): number =>
  pid === undefined || !canMeasureProcesses ? 0 : field(read(`/proc/${pid}/status`), 'VmLck') * 1024

/** How much memory the machine could give to programs without swapping; 0 where the system does not tell. */
export const availableBytes = (): number =>
  canMeasureProcesses ? field(read('/proc/meminfo'), 'MemAvailable') * 1024 : 0

/** The difference of two figures of the same processes. */
export const usedBetween = (before: CpuUsage, after: CpuUsage): CpuUsage => ({
  busySeconds: after.busySeconds - before.busySeconds,
  waitingSeconds: after.waitingSeconds - before.waitingSeconds,
  majorFaults: after.majorFaults - before.majorFaults,
})

function processTrees(rootPids: readonly number[]): Set<number> {
  const childrenOf = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const stat = Number.isInteger(pid) ? readStat(pid) : undefined
    if (stat === undefined) continue
    const siblings = childrenOf.get(stat.parentPid) ?? []
    childrenOf.set(stat.parentPid, [...siblings, pid])
  }
  const trees = new Set(rootPids)
  // The set grows while it is walked: children come behind their parents.
  for (const pid of trees) for (const child of childrenOf.get(pid) ?? []) trees.add(child)
  return trees
}

interface Stat {
  readonly parentPid: number
  readonly majorFaults: number
  /** In user and system mode. */
  readonly ticks: number
}

/** undefined for a process that has gone. */
function readStat(pid: number): Stat | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === '') return undefined
  // The second field is the name in parentheses, which may hold spaces and parentheses of its own.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const at = (place: number): number => Number(fields[place - 3] ?? 0)
  return { parentPid: at(4), majorFaults: at(12), ticks: at(14) + at(15) }
}

const field = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0)

/** The text of a file of /proc; empty when its process has gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code)))
      return ''
    throw error
  }
}
