import { parseArgs } from 'node:util'
import { CHECKS } from '../capacity/checks.js'
import { type BatchedCost, COSTS, type Cost } from '../capacity/costs.js'
import { DEFAULT_SETTINGS, planFor } from '../capacity/plan.js'
import { planMarkdown } from '../capacity/plan-table.js'
import { EXIT, UsageError } from '../errors.js'
import { formatCount, formatPercent } from '../report/format.js'
import { markdownTable } from '../report/markdown.js'

const USAGE = `usage: bench capacity [options]         what a load needs, and what that costs
  --requests-per-second N    (10000)
  --workspaces N             (10000000)
  --write-share SHARE        the share of the requests that are writes (0.05)
  --zipf EXPONENT            how unevenly workspaces are asked for; 0: evenly (0.99)
  --redis-gb N               maxmemory of all Redis servers together; by default what makes the whole cheapest
  --memory-mb N              in-process tier of each process (64)
  --utilization SHARE        of each core, when all is well (0.6)
  --costs                    print the costs that the plan is made from
  --check                    compare the model with what was measured`

/** `bench capacity`: prints the plan for a load. */
export function capacityCommand(args: readonly string[]): number {
  const values = parse(args)
  if (values.help) {
    console.log(USAGE)
    return EXIT.ok
  }
  if (values.costs) console.log(`${costsTable()}\n`)
  if (values.check) console.log(`${checksTable()}\n`)
  if (values.costs || values.check) return EXIT.ok
  const demand = {
    requestsPerSecond: positive(values, 'requests-per-second', 10_000),
    workspaces: Math.round(positive(values, 'workspaces', 10_000_000)),
    writeShare: share(values, 'write-share', 0.05),
    zipfExponent: atLeastZero(values, 'zipf', 0.99),
  }
  const redisGigabytes = values['redis-gb'] === undefined ? undefined : positive(values, 'redis-gb', 1)
  const settings = {
    ...DEFAULT_SETTINGS,
    memoryTierBytes: positive(values, 'memory-mb', 64) * 2 ** 20,
    utilization: share(values, 'utilization', DEFAULT_SETTINGS.utilization) || DEFAULT_SETTINGS.utilization,
    ...(redisGigabytes === undefined ? {} : { redisBytes: redisGigabytes * 1e9 }),
  }
  console.log(planMarkdown(planFor(demand, COSTS, settings), COSTS))
  return EXIT.ok
}

type Values = ReturnType<typeof parse>
type NumberName = Exclude<keyof Values, 'costs' | 'check' | 'help'>

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        'requests-per-second': text,
        workspaces: text,
        'write-share': text,
        zipf: text,
        'redis-gb': text,
        'memory-mb': text,
        utilization: text,
        costs: flag,
        check: flag,
        help: { ...flag, short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function atLeastZero(values: Values, name: NumberName, absent: number): number {
  const text = values[name]
  if (text === undefined) return absent
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new UsageError(`--${name} must be a number, at least 0`)
  }
  return value
}

function positive(values: Values, name: NumberName, absent: number): number {
  const value = atLeastZero(values, name, absent)
  if (value === 0) throw new UsageError(`--${name} must be above 0`)
  return value
}

function share(values: Values, name: NumberName, absent: number): number {
  const value = atLeastZero(values, name, absent)
  if (value > 1) throw new UsageError(`--${name} must be a share, from 0 to 1`)
  return value
}

const costsTable = (): string =>
  markdownTable({
    head: ['cost', 'figure', 'measured by'],
    rows: Object.entries(COSTS).map(([name, cost]) => [name, `${figureOf(cost)} ${cost.unit}`, cost.source]),
  })

function figureOf(cost: Cost | BatchedCost): string {
  if ('value' in cost) return formatCount(cost.value)
  return cost.points
    .map(([perSecond, value]) => `${formatCount(value)} at ${formatCount(perSecond)}/s`)
    .join(', ')
}

const checksTable = (): string =>
  markdownTable({
    head: ['', 'measured', 'model', 'off by'],
    rows: CHECKS.map(({ what, unit, measured, predict }) => {
      const predicted = predict(COSTS)
      return [
        what,
        `${formatCount(measured)} ${unit}`,
        `${formatCount(predicted)} ${unit}`,
        formatPercent(Math.abs(predicted / measured - 1)),
      ]
    }),
  })
