import { CONTRACT_TITLES, type RepositoryContractOptions, repositoryContract } from 'photos-contract'
import { Test } from 'tap'

export interface ContractRun {
  /** The titles of the tests that failed. */
  readonly failed: readonly string[]
  /** All that the tests printed. */
  readonly output: string
}

/** Runs tests of the contract apart from those that call this: all of them, or those with the titles given. */
export async function runContract(
  options: RepositoryContractOptions,
  titles: readonly string[] = CONTRACT_TITLES,
): Promise<ContractRun> {
  const run = new Test({ name: 'the contract', grep: [new RegExp(`^(${titles.map(escaped).join('|')})$`)] })
  const failed: string[] = []
  run.on('subtestEnd', (subtest) => {
    if (subtest.results?.ok !== true) failed.push(subtest.name)
  })
  // Its output is kept here: it must not be taken for that of the test that is running.
  const output: string[] = []
  run.on('data', (text) => output.push(text))
  await repositoryContract(run.t, options)
  run.end()
  return { failed, output: output.join('') }
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
