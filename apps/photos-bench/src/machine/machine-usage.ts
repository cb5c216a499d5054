import { readFileSync } from 'node:fs'

/** What the whole machine's CPUs have done since it started, in seconds of all of them together. */
export interface MachineUsage {
  readonly idleSeconds: number
  readonly totalSeconds: number
}

const TICKS_PER_SECOND = 100

/** From https://man7.org/linux/man-pages/man5/proc_stat.5.html: waiting for a disk is idle too, and stolen time is not. */
export function machineUsage(): MachineUsage {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
  // user, nice, system, idle, iowait, irq, softirq, steal; the guests' time that follows is part of the user's.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number)
  const [, , , idle = 0, waiting = 0] = ticks
  return {
    idleSeconds: (idle + waiting) / TICKS_PER_SECOND,
    totalSeconds: ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND,
  }
}

/** The share of the machine's CPUs that had nothing to do between two moments, 0 to 1. */
export const idleBetween = (before: MachineUsage, after: MachineUsage): number =>
  (after.idleSeconds - before.idleSeconds) / Math.max(0.01, after.totalSeconds - before.totalSeconds)
