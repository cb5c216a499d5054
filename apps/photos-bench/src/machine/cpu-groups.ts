import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from '../errors.js'
import { type CgroupPlace, type CgroupVersion, cgroupPlaces } from './cgroup-places.js'

/** How much of the CPUs a group of processes may use together. */
export interface CpuQuota {
  /** 0.1: a tenth of one CPU's time. */
  readonly cores: number
  /** Within each period the group runs until its share of it is used up, and then stands still. */
  readonly periodMs: number
}

const PREFIX = 'photos-bench-'
/** A killed process is in its group until the kernel has cleared it away. */
const REMOVE_TIMEOUT_MS = 2000
const REMOVE_POLL_MS = 10

/**
 * Control groups of this process. They go, with whatever runs in them, when this process ends in any way but SIGKILL; those
 * that a killed one has left are removed by the next.
 */
export class CpuGroups {
  readonly version: CgroupVersion
  readonly #parent: string
  readonly #groups = new Map<string, CpuGroup>()
  readonly #closeAtExit = (): void => this.close()

  private constructor({ version, dir }: CgroupPlace) {
    this.version = version
    this.#parent = dir
    process.once('exit', this.#closeAtExit)
  }

  /**
   * @param procDir `/proc/self`, or what a test puts in its place
   * @throws SetupError where this user may not make groups, in one line
   */
  static open(procDir?: string): CpuGroups {
    const places = cgroupPlaces(procDir)
    const reasons = places.map((place) => {
      const reason = unusable(place)
      if (reason === undefined) return place
      return `${place.dir} (version ${place.version}): ${reason}`
    })
    const usable = reasons.find((reason) => typeof reason === 'object')
    if (usable === undefined) {
      const why = reasons.length === 0 ? 'none with a cpu controller is mounted' : reasons.join('; ')
      throw new SetupError(`a CPU quota needs Linux's control groups, and none may be made here: ${why}`)
    }
    removeAbandoned(usable.dir)
    return new CpuGroups(usable)
  }

  /** A new group without a quota. */
  group(name: string): CpuGroup {
    const dir = join(this.#parent, `${PREFIX}${process.pid}-${name}`)
    mkdirSync(dir)
    const group = new CpuGroup(dir, this.version)
    this.#groups.set(dir, group)
    return group
  }

  /** Kills what still runs in the groups and removes them. Doing it twice is doing it once. */
  close(): void {
    process.off('exit', this.#closeAtExit)
    for (const [dir, group] of this.#groups) {
      group.remove()
      this.#groups.delete(dir)
    }
  }
}

/** One group, as a directory whose files are its settings. */
export class CpuGroup {
  readonly #dir: string
  readonly #version: CgroupVersion

  constructor(dir: string, version: CgroupVersion) {
    this.#dir = dir
    this.#version = version
  }

  /** Takes a process in, with all its threads and the children that it will have. */
  add(pid: number): void {
    try {
      this.#write('cgroup.procs', `${pid}`)
    } catch (error) {
      throw new SetupError(`process ${pid} may not be put into a control group: ${messageOf(error)}`)
    }
  }

  /** The kernel takes no quota below 1 ms a period. */
  limit({ cores, periodMs }: CpuQuota): void {
    const periodUs = Math.round(periodMs * 1000)
    const quotaUs = Math.round(cores * periodUs)
    if (this.#version === 2) {
      this.#write('cpu.max', `${quotaUs} ${periodUs}`)
      return
    }
    // The old quota is checked against the new period, so it goes first.
    this.unlimit()
    this.#write('cpu.cfs_period_us', `${periodUs}`)
    this.#write('cpu.cfs_quota_us', `${quotaUs}`)
  }

  unlimit(): void {
    if (this.#version === 2) this.#write('cpu.max', 'max')
    else this.#write('cpu.cfs_quota_us', '-1')
  }

  /** Kills what runs in it, and removes it. */
  remove(): void {
    removeGroup(this.#dir)
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.#dir, file), text)
  }
}

/** Why no group with a quota can be made in a place; undefined where one can. It is tried. */
function unusable({ version, dir }: CgroupPlace): string | undefined {
  try {
    if (version === 2) {
      const has = (file: string): boolean =>
        readFileSync(join(dir, file), 'utf8').trim().split(' ').includes('cpu')
      if (!has('cgroup.controllers')) return 'it has no cpu controller'
      if (!has('cgroup.subtree_control')) writeFileSync(join(dir, 'cgroup.subtree_control'), '+cpu')
    }
    const probe = join(dir, `${PREFIX}${process.pid}-probe`)
    mkdirSync(probe)
    rmdirSync(probe)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/** The groups of processes that are no more. */
function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
    if (owner !== undefined && !isAlive(Number(owner))) removeGroup(join(parent, name))
  }
}

function removeGroup(dir: string): void {
  const deadline = Date.now() + REMOVE_TIMEOUT_MS
  for (;;) {
    killAllIn(dir)
    try {
      rmdirSync(dir)
      return
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT') return
      if (code !== 'EBUSY' || Date.now() > deadline) throw error
    }
    // Not asynchronous, as this process may be about to exit.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REMOVE_POLL_MS)
  }
}

function killAllIn(dir: string): void {
  let pids: string
  try {
    pids = readFileSync(join(dir, 'cgroup.procs'), 'utf8')
  } catch {
    return
  }
  for (const pid of pids.split('\n').map(Number)) {
    if (pid === 0) continue
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') throw error
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error ? Reflect.get(error, 'code') : undefined)
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
