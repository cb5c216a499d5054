import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../errors.js'
import { RESULTS_FILE } from '../report/write-report.js'
import { RESULTS_FORMAT, type Results } from './result.js'

/** The results in a file, or in a report's directory. @throws UsageError where they cannot be read */
export async function readResults(path: string): Promise<Results> {
  const file = (await isDirectory(path)) ? join(path, RESULTS_FILE) : path
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (typeof value !== 'object' || value === null || !('format' in value) || !('scenarios' in value)) {
    throw new UsageError(`${file} holds no benchmark results`)
  }
  if (value.format !== RESULTS_FORMAT) {
    throw new UsageError(`${file} has format ${value.format}; this version reads ${RESULTS_FORMAT}`)
  }
  return value as Results
}

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
