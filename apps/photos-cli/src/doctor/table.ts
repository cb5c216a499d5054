import { formatBytes, formatCount } from '../format.js'
import type { Diagnosis } from './diagnosis.js'
import type { Machine } from './machine.js'
import type { StoreReport } from './store.js'

type Row = readonly string[]

/** A diagnosis for a person to read. */
export function formatDiagnosis({ problems, warnings, configuration, machine, store }: Diagnosis): string {
  const verdict = [
    ...problems.map((problem) => `PROBLEM  ${problem}`),
    ...warnings.map((warning) => `WARNING  ${warning}`),
  ]
  const sections = [
    section(
      'Configuration',
      configuration.map(({ name, value, from }) => [name, value === '' ? 'none' : value, from]),
    ),
    ...(store ? [section('Store', storeRows(store))] : []),
    section('Machine', machineRows(machine)),
    verdict.length === 0 ? 'All is well.' : verdict.join('\n'),
  ]
  return `${sections.join('\n\n')}\n`
}

function storeRows({ location, state, status, disk }: StoreReport): Row[] {
  const rows: Row[] = [
    ['where', location],
    ['state', state === 'absent' ? 'not there yet; its first use makes it' : state],
  ]
  if (status) {
    rows.push(['engine', status.engine])
    rows.push(['workspaces', formatCount(status.workspaces)])
    rows.push(['size', formatBytes(status.bytes)])
  }
  if (disk) rows.push(['disk', `${formatBytes(disk.freeBytes)} of ${formatBytes(disk.totalBytes)} free`])
  return rows
}

function machineRows({ node, platform, cpus, memory, maxOpenFiles }: Machine): Row[] {
  return [
    ['node', `${node}, ${platform}`],
    ['cpus', String(cpus)],
    ['memory', `${formatBytes(memory.freeBytes)} of ${formatBytes(memory.totalBytes)} free`],
    ['open files', maxOpenFiles === undefined ? 'unknown' : `${maxOpenFiles} at most`],
  ]
}

/** A title over rows whose columns are aligned. */
function section(title: string, rows: readonly Row[]): string {
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  return [title, ...lines.map((line) => `  ${line}`.trimEnd())].join('\n')
}
