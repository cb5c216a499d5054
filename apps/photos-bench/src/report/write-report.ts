import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Results } from '../run/result.js'
import { toHtml } from './html.js'
import { toMarkdown } from './markdown.js'
import { plotsOf } from './plots.js'

export const RESULTS_FILE = 'results.json'

/** Writes results.json, report.md, report.html and the plots as SVG files into a directory, which is made. */
export async function writeReport(results: Results, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  const plots = plotsOf(results)
  await Promise.all([
    writeFile(join(dir, RESULTS_FILE), `${JSON.stringify(results, null, 1)}\n`),
    writeFile(join(dir, 'report.md'), toMarkdown(results)),
    writeFile(join(dir, 'report.html'), toHtml(results, plots)),
    ...plots.map(({ name, svg }) => writeFile(join(dir, `${name}.svg`), `${svg}\n`)),
  ])
}
