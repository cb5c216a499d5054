import type { PhotoRepository } from 'photos-domain'

/** How `repositoryContract` gets at the repository under test, and what is particular about it. */
export interface RepositoryContractOptions {
  /**
   * Makes a new, empty store and opens a repository on it; called once for each test, one test at a time. The suite writes
   * up to 150 workspaces to a store: give the repository small pages and batches where it has them, so that they are crossed.
   */
  readonly open: () => Promise<OpenedRepository>
  /**
   * For a repository that may answer an older record than the store has: how long after another handle's write a plain
   * read may still do so, in milliseconds. The suite asks until the write is seen, and fails when this time has passed.
   * Reads with `fresh`, and all reads of the handle that wrote, are never given this time. Default 0: it never may.
   */
  readonly otherWritesSeenWithinMs?: number | undefined
  /**
   * For a store that keeps copies, and scans, tells changes and counts from one of them, which may be behind: for how long after a
   * write was acknowledged it may be missing from a scan, from a feed that is not live and from the status, and be told by
   * a feed that begins from `now`; in milliseconds. The suite looks again until what was acknowledged is shown, and fails when
   * this time has passed; for all else the first look counts. A live feed is to tell it some time anyway. Default 0: the first
   * look shows it.
   */
  readonly writesListedWithinMs?: number | undefined
  /**
   * For a repository that may answer a plain read while the store is away, from what it has cached: say why. The reason is
   * printed. In an outage a plain read must then reject, or answer exactly what was written last; everything else must
   * reject as ever. Absent: plain reads must reject too.
   */
  readonly answersInOutage?: string | undefined
  /**
   * For a store whose copies vote on each write: say why. The reason is printed. Where writers have been in conflict, such a store may
   * write the record of the one that won once more, as it is, at a higher version. Absent: it never may.
   */
  readonly raisesVersions?: string | undefined
  /**
   * How long the suite waits for what must happen some time (a change to be told, an outage to be over) before it says that
   * it did not, in milliseconds. It costs time only where a test fails. Default 20,000.
   */
  readonly patienceMs?: number | undefined
}

/** A store that was made for one test. */
export interface OpenedRepository {
  /** The repository on the new, empty store. */
  readonly repository: PhotoRepository
  /**
   * One more repository on the same store, which shares with the others nothing but the store, as if it were in another
   * process (it may be in one). It is also called when all the others are closed: then the store must be as they left it.
   * The suite closes it.
   */
  readonly reopen: () => Promise<PhotoRepository>
  /** Takes the store away from every repository on it, as when its server is down. */
  readonly outage: Fault | ImpossibleFault
  /** Lets what repositories send reach the store, which acts on it, while none of its answers reach them. */
  readonly lostAnswers: Fault | ImpossibleFault
  /** Removes the store and whatever else `open` made. By then the suite has closed every repository on it. */
  readonly dispose: () => Promise<void>
}

/** Something that goes wrong from `begin` until `end`. Both resolve once it is so. */
export interface Fault {
  readonly begin: () => Promise<void>
  readonly end: () => Promise<void>
}

/**
 * A fault that cannot befall this kind of store. For an outage, the suite then tests the one that is left, a repository that
 * was closed.
 */
export interface ImpossibleFault {
  /** Why not, for a person: `embedded: there is no server to lose`. It is printed as a comment of the test. */
  readonly impossible: string
}
