import { formatBytes, formatCount, formatPercent, formatWhole } from '../report/format.js'
import { markdownTable } from '../report/markdown.js'
import type { Busy } from './busy.js'
import type { Costs } from './costs.js'
import type { Demand } from './flow.js'
import {
  DISK_DOLLARS_PER_BYTE_MONTH,
  HOURS_PER_MONTH,
  PRICES_AS_OF,
  TRAFFIC_DOLLARS_PER_BYTE,
} from './instances.js'
import type { Plan } from './plan.js'

/** The plan for a person, as Markdown. */
export function planMarkdown(plan: Plan, costs: Costs): string {
  const { demand, cells, processes, redisBytes, flow, busy, fleets, diskBytes, q, dollarsPerMonth } = plan
  const { requests, writes, toReplicas, toRedis, toCouchdb } = flow
  const disk = diskBytes * DISK_DOLLARS_PER_BYTE_MONTH
  const bytesPerMonth = requests * costs.answerBytes.value * 3600 * HOURS_PER_MONTH
  const row = (name: string, part: keyof Busy, asked: number, hits: string, what: string): string[] => {
    const { machines, instance, boundBy, dollarsPerMonth: price } = fleets[part]
    return [
      name,
      `${formatCount(asked)}/s`,
      hits,
      formatCount(busy[part]),
      `${formatWhole(machines)} × ${instance.name}`,
      boundBy,
      `$${formatWhole(price)}`,
      what,
    ]
  }
  const couchdb = `${formatCount(writes)} writes/s, q=${q}, disk ${formatBytes(diskBytes)} ($${formatWhole(disk)})`
  return [
    `${formatCount(requests)} requests/s, ${formatPercent(demand.writeShare)} of them writes, over ` +
      `${formatWhole(demand.workspaces)} workspaces, Zipf ${demand.zipfExponent}; ${cells} ${cells === 1 ? 'cell' : 'cells'}.`,
    '',
    markdownTable({
      head: ['', 'asked', 'answers', 'busy cores', 'machines', 'bound by', 'a month', 'with'],
      rows: [
        row('NGINX', 'edge', requests, formatPercent(flow.edge.hitShare), 'microcache of 1 s'),
        row(
          'replicas',
          'replicas',
          toReplicas + writes,
          formatPercent(flow.memory.hitShare),
          `${formatWhole(processes)} processes`,
        ),
        row(
          'Redis',
          'redis',
          toRedis + writes,
          formatPercent(flow.redis.hitShare),
          `${formatBytes(redisBytes)} in all`,
        ),
        row('CouchDB', 'couchdb', toCouchdb + writes, 'the rest', couchdb),
      ],
    }),
    '',
    `One machine with the embedded store instead: ${formatCount(embeddedCores(demand, costs))} busy cores, ` +
      `${formatBytes(demand.workspaces * costs.embeddedBytesPerWorkspace.value)} on disk, one writer.`,
    '',
    `Machines and disks: $${formatWhole(dollarsPerMonth)} a month, prices of ${PRICES_AS_OF}. Traffic to the internet, uncompressed and at ` +
      `the price for the largest amounts: $${formatWhole(bytesPerMonth * TRAFFIC_DOLLARS_PER_BYTE)} more.`,
  ].join('\n')
}

/** Without NGINX and without reserve. */
const embeddedCores = ({ requestsPerSecond, writeShare }: Demand, costs: Costs): number =>
  (requestsPerSecond *
    ((1 - writeShare) * costs.embeddedRead.value + writeShare * costs.embeddedWrite.value)) /
  1e6
