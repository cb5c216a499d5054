import { createMemoryStore, repositoryContract } from 'photos-contract'
import t from 'tap'

t.test('the memory store passes the contract', (t) =>
  repositoryContract(t, {
    open: async () => {
      const store = createMemoryStore()
      return {
        repository: store.handle(),
        reopen: async () => store.handle(),
        outage: { begin: async () => store.goDown(), end: async () => store.comeBack() },
        lostAnswers: { begin: async () => store.loseAnswers(), end: async () => store.deliverAnswers() },
        dispose: async () => {},
      }
    },
  }),
)
