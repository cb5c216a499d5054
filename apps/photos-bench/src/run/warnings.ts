import type { Scenario } from '../scenario/schema.js'
import { median } from '../stats/robust.js'
import type { Slot } from './result.js'

/** A thread that has something to do for more than this share of the time may hold the server up. */
const SATURATED = 0.95
/** Below this share of a core a server that is one process was not at its limit. */
const SERVER_BUSY = 0.9
/** Waiting for a CPU for more than this share of the time is due to other work on the machine. */
const CONTENDED = 0.1
/** More page faults than this a request, and what is measured is the disk. */
const PAGED = 0.01
/** The share of the arrival rate that must have been reached. */
const RATE_REACHED = 0.99

/** What a reader must know before believing the figures of a scenario. */
export function warningsOf(scenario: Scenario, slots: readonly Slot[]): string[] {
  const subjects = [scenario.target, ...scenario.controls]
  return [
    ...subjects.flatMap((subject) => {
      const own = slots.filter((slot) => slot.subject === subject)
      return [
        saturation(subject, own, scenario),
        contention(subject, own),
        paging(subject, own),
        missedRate(subject, own, scenario),
      ]
    }),
    slots.some(({ cpu }) => cpu === undefined)
      ? 'this system does not tell what processes use: there is no figure per CPU-second and no memory'
      : undefined,
  ].filter((warning) => warning !== undefined)
}

function saturation(subject: string, slots: readonly Slot[], scenario: Scenario): string | undefined {
  if (scenario.requestsPerSecond !== undefined) return undefined
  const generator = median(slots.map(({ generatorUtilization }) => generatorUtilization))
  const server = median(slots.map(({ cpu, seconds }) => (cpu?.busySeconds ?? 0) / seconds))
  if (generator < SATURATED || server >= SERVER_BUSY) return undefined
  return (
    `${subject}: the load generator was busy ${percent(generator)} of the time and the server's CPU only ${percent(server)}: ` +
    'requests/s shows what the generator can do, and its ratio is too near 1; go by requests per CPU-second'
  )
}

function contention(subject: string, slots: readonly Slot[]): string | undefined {
  const waiting = median(slots.map(({ cpu, seconds }) => (cpu?.waitingSeconds ?? 0) / seconds))
  if (waiting < CONTENDED) return undefined
  return `${subject}: waited ${percent(waiting)} of the time for a CPU: the machine has other work, or too few cores`
}

function paging(subject: string, slots: readonly Slot[]): string | undefined {
  const faults = median(slots.map(({ cpu, requests }) => (cpu?.majorFaults ?? 0) / Math.max(1, requests)))
  if (faults < PAGED) return undefined
  return `${subject}: read a page from disk in ${percent(faults)} of the requests: its data is not in memory`
}

function missedRate(
  subject: string,
  slots: readonly Slot[],
  { requestsPerSecond }: Scenario,
): string | undefined {
  if (requestsPerSecond === undefined) return undefined
  const reached = median(slots.map(({ requests, seconds }) => requests / seconds)) / requestsPerSecond
  const unsent = median(slots.map(({ unsent = 0 }) => unsent))
  // Random arrivals differ from slot to slot; what could not be sent does not.
  if (reached >= RATE_REACHED || unsent === 0) return undefined
  return `${subject}: answered only ${percent(reached)} of ${requestsPerSecond} requests/s: this is overload, not latency`
}

const percent = (share: number): string => `${Math.round(share * 100)} %`
