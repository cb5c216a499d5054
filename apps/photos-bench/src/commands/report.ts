import { dirname } from 'node:path'
import { EXIT, UsageError } from '../errors.js'
import { writeReport } from '../report/write-report.js'
import { readResults } from '../run/read-results.js'
import type { CommandLine } from './options.js'

/** `bench report results.json`: writes the report of earlier results again. */
export async function reportCommand({ positionals, out }: CommandLine): Promise<number> {
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError('report takes one results file')
  const dir = out ?? dirname(file)
  await writeReport(await readResults(file), dir)
  console.log(`The report is ${dir}/report.html.`)
  return EXIT.ok
}
