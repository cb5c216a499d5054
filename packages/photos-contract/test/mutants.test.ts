import { CONTRACT_TITLES, createMemoryStore } from 'photos-contract'
import t from 'tap'
import { openMemory } from './memory-options.js'
import { contentMutants } from './mutants/content.js'
import { faultMutants } from './mutants/faults.js'
import { feedMutants } from './mutants/feeds.js'
import { altered, type Mutant } from './mutants/mutant.js'
import { writeMutants } from './mutants/writes.js'
import { runContract } from './run-contract.js'

const mutants = [...contentMutants, ...writeMutants, ...feedMutants, ...faultMutants]

t.test('each test of the contract is there to catch a mutant', async (t) => {
  const caught = mutants.flatMap(({ caughtBy }) => caughtBy)
  t.same([...new Set(caught)].toSorted(), CONTRACT_TITLES.toSorted())
})

for (const mutant of mutants) {
  t.test(`the contract catches a repository that ${mutant.does}`, async (t) => {
    const options = { ...mutant.options, open: () => openMutant(mutant), patienceMs: 300 }
    const { failed } = await runContract(options, mutant.caughtBy)
    t.same(failed.toSorted(), mutant.caughtBy.toSorted())
  })
}

function openMutant({ hooks, alter }: Mutant) {
  const store = createMemoryStore(hooks)
  const alterNext = alter(store)
  return openMemory(store, () => {
    const model = store.handle()
    return altered(model, alterNext(model))
  })
}
