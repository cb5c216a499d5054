/*
 * Opens a store, reads some of its workspaces, and closes it, over and over until its input ends.
 * Exits with 1 where a workspace's count is lower than it was before.
 *
 *   node opener.js <directory> <workspaces>
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { openLmdbRepository } from 'photos-lmdb'
import { countOf } from '../helpers/counted.js'

const [path = '', workspaces = '1'] = process.argv.slice(2)
const workspaceIds = Array.from({ length: Number(workspaces) }, (_, index) => `w${index}`)
const highest = new Map<string, number>()
let ended = false
process.stdin.on('end', () => {
  ended = true
})
process.stdin.resume()
while (!ended) {
  const repository = await openLmdbRepository({ path })
  for (const workspaceId of workspaceIds) {
    const count = countOf(await repository.read(workspaceId))
    const before = highest.get(workspaceId) ?? 0
    if (count < before) {
      console.error(`${workspaceId} went back from ${before} to ${count}`)
      process.exitCode = 1
    }
    highest.set(workspaceId, count)
  }
  await repository.close()
  await nextTurn()
}
