import type { Test } from 'tap'
import type { RepositoryContractOptions } from './options.js'
import { abortRules } from './rules/abort.js'
import { absenceRules } from './rules/absence.js'
import { bytesRules } from './rules/bytes.js'
import { changesRules } from './rules/changes.js'
import { closeRules } from './rules/close.js'
import { concurrencyRules } from './rules/concurrency.js'
import { conditionalWriteRules } from './rules/conditional-writes.js'
import { durabilityRules } from './rules/durability.js'
import { outageRules } from './rules/outage.js'
import { scanRules } from './rules/scan.js'
import { serviceRules } from './rules/service.js'
import { statusRules } from './rules/status.js'
import { versionRules } from './rules/versions.js'
import { type Rules, StoreUnderTest } from './store-under-test.js'

const rules: Rules = {
  ...absenceRules,
  ...bytesRules,
  ...versionRules,
  ...conditionalWriteRules,
  ...concurrencyRules,
  ...durabilityRules,
  ...abortRules,
  ...changesRules,
  ...scanRules,
  ...statusRules,
  ...outageRules,
  ...closeRules,
  ...serviceRules,
}

/** The title of each test of the contract, in the order in which they run. */
export const CONTRACT_TITLES: readonly string[] = Object.keys(rules)

/**
 * Runs the contract of `PhotoRepository` as subtests of `t`, one after another, each on a store of its own.
 * Resolves when all have ended, whether they passed or not: what failed is told by `t`.
 */
export async function repositoryContract(t: Test, options: RepositoryContractOptions): Promise<void> {
  for (const [title, rule] of Object.entries(rules)) {
    await t.test(title, async (t) => {
      const store = new StoreUnderTest(await options.open(), options)
      t.teardown(() => store.dispose())
      await rule(t, store)
    })
  }
}
