import { isValid, type Results, type ScenarioResult } from '../run/result.js'
import { environmentTable, scenarioLine, scenarioTable, type Table, verificationLine } from './tables.js'

/** The results as Markdown. */
export function toMarkdown(results: Results): string {
  return [
    '# Benchmark results',
    '',
    markdownTable(environmentTable(results)),
    '',
    ...results.scenarios.flatMap((scenario) => ['', scenarioMarkdown(scenario)]),
    '',
  ].join('\n')
}

/** One scenario as Markdown. */
export function scenarioMarkdown(result: ScenarioResult): string {
  const { scenario, warnings, verification } = result
  return [
    `## ${scenario.name}`,
    '',
    `${scenario.description}.`,
    `${scenarioLine(result)}.`,
    '',
    markdownTable(scenarioTable(result)),
    '',
    `${verificationLine(result)}.`,
    ...(isValid(result) ? [] : ['', '**Not valid: the figures above mean nothing.**']),
    ...verification.wrongAnswers.map(
      ({ subject, request, problem }) => `- ${subject}: \`${request}\` was answered with ${problem}`,
    ),
    ...warnings.flatMap((warning) => ['', `> Warning: ${warning}.`]),
  ].join('\n')
}

/** Columns are padded, so that it reads as well in a terminal. */
export function markdownTable({ head, rows }: Table): string {
  const all = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, column) => Math.max(3, ...all.map((cells) => (cells[column] ?? '').length)))
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? ''
      return column === 0 ? cell.padEnd(width) : cell.padStart(width)
    })
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  const [headLine = [], ...rest] = all
  return [line(headLine), line(rule), ...rest.map(line)].join('\n')
}
