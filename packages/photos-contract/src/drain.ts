import type { WorkspaceId } from 'photos-domain'
import type { Test } from 'tap'
import { all, codeOf, showsEach } from './outcomes.js'
import type { StoreUnderTest } from './store-under-test.js'

type Row = { readonly workspaceId: WorkspaceId }

/** Takes one row of a scan or of a feed, and later the rest. */
export class Drain {
  readonly ids = new Set<WorkspaceId>()
  readonly #iterator: AsyncIterator<Row>

  constructor(rows: AsyncIterable<Row>) {
    this.#iterator = rows[Symbol.asyncIterator]()
  }

  /** Takes the next row; false when there is none. */
  async next(): Promise<boolean> {
    const { value, done } = await this.#iterator.next()
    if (done === true) return false
    this.ids.add(value.workspaceId)
    return true
  }

  /** Takes the rest, and resolves to how it ended. */
  async rest(): ReturnType<typeof codeOf> {
    return codeOf(async () => {
      while (await this.next());
    })
  }
}

/** Resolves once a scan and a feed show the workspaces. @throws when they do not in the time that the store may take */
export async function untilListed(store: StoreUnderTest, workspaceIds: Iterable<WorkspaceId>): Promise<void> {
  const { repository } = store
  const showsAll = showsEach(workspaceIds)
  for (const list of [() => repository.scan(), () => repository.changes()]) {
    const rows = await store.listed<readonly Row[]>(() => all<Row>(list()), showsAll)
    if (!showsAll(rows)) throw new Error('a scan or a feed does not show what was written')
  }
}

/** Asserts that rows which may have been cut short reject, unless all the workspaces were among them. */
export async function endsInTruth(
  t: Test,
  store: StoreUnderTest,
  drain: Drain,
  wanted: ReadonlyMap<WorkspaceId, unknown>,
  what: string,
): Promise<void> {
  const code = await store.settled(`${what} ends`, drain.rest())
  // What had been fetched already may still be given.
  if (code === 'resolved') t.same(drain.ids, new Set(wanted.keys()), `${what} had all that there is`)
  else t.equal(code, 'REPOSITORY_UNAVAILABLE', `${what} rejects`)
}
