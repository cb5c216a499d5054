import { EXIT, UsageError } from '../errors.js'
import { markdownTable } from '../report/markdown.js'
import { readResults } from '../run/read-results.js'
import { compareResults, comparisonTable } from '../verdict/compare.js'
import type { CommandLine } from './options.js'

/** `bench compare A.json B.json`: says what changed from A to B beyond the noise, and fails when anything got worse. */
export async function compareCommand({ positionals }: CommandLine): Promise<number> {
  const [before, after, ...more] = positionals
  if (before === undefined || after === undefined || more.length > 0) {
    throw new UsageError('compare takes two results files: the one before and the one after')
  }
  const { comparisons, notes } = compareResults(await readResults(before), await readResults(after))
  for (const note of notes) console.log(`Note: ${note}.`)
  if (comparisons.length === 0) throw new UsageError('the two have nothing in common that can be compared')
  console.log(`\n${markdownTable(comparisonTable(comparisons))}\n`)
  const changed = comparisons.filter(({ verdict }) => verdict !== 'same')
  const worse = changed.filter(({ verdict }) => verdict === 'worse').length
  console.log(
    changed.length === 0
      ? 'Nothing changed beyond the noise.'
      : `${changed.length - worse} better, ${worse} worse; the rest is noise.`,
  )
  return worse === 0 ? EXIT.ok : EXIT.failed
}
