/*
 * Counts up in shared workspaces, and prints a line for each write once it is acknowledged: workspace id, version, count.
 *
 *   node counter.js <directory> <workspaces> <writes at once> <counts to make, or 0 to go on until it is killed>
 */
import { isPhotosError } from 'photos-domain'
import { openLmdbRepository } from 'photos-lmdb'
import { contentOf, countOf } from '../helpers/counted.js'

const [path = '', ...numbers] = process.argv.slice(2)
const [workspaces = 1, writesAtOnce = 1, wanted = 0] = numbers.map(Number)
const repository = await openLmdbRepository({ path })
let begun = 0

async function countUp(): Promise<void> {
  while (wanted === 0 || begun < wanted) {
    const workspaceId = `w${begun++ % workspaces}`
    for (let written = false; !written; ) written = await tryToCount(workspaceId)
  }
}

async function tryToCount(workspaceId: string): Promise<boolean> {
  const record = await repository.read(workspaceId)
  const count = countOf(record) + 1
  try {
    const version = await repository.write(workspaceId, contentOf(count), record.version)
    // Written to a pipe synchronously: it is there even if this process is killed next.
    process.stdout.write(`${workspaceId} ${version} ${count}\n`)
    return true
  } catch (error) {
    if (isPhotosError(error, 'VERSION_CONFLICT')) return false
    throw error
  }
}

await Promise.all(Array.from({ length: writesAtOnce }, countUp))
await repository.close()
