import type { Version, WorkspaceContent, WorkspaceId } from 'photos-domain'

/** An entry as the shared tier answered it. */
export interface RemoteEntry extends WorkspaceContent {
  readonly version: Version
  /** The server that it was stored on: not the one that is asked, if that took over another one's data. */
  readonly server: string
  /** A time on the server's clock, in milliseconds since the epoch, at which it was the current record. */
  readonly asOfServerMs: number
}

/**
 * The right to fill a slot. Whoever has one took it before reading the store, so nothing that was known to the tier by then is
 * newer than what the read brings.
 */
export interface Lease {
  /** Which making of the slot it is for. A slot that was lost and made again is another one. */
  readonly incarnation: string
  /** When it was given, on the server's clock. */
  readonly givenAtServerMs: number
}

/** Up to where in the store's feed the tier knows of every change. */
export interface SavedCursor {
  readonly cursor: string
  /** It says nothing of entries that were current no later than this, on the server's clock. */
  readonly floorServerMs: number
}

/** What the server says when one begins to use it. */
export interface Attachment {
  /** Tells this run of this server from all others. */
  readonly server: string
  readonly nowServerMs: number
  /** What was saved last; undefined if nothing is kept. */
  readonly saved: SavedCursor | undefined
}

/** What a driver tells of its own accord. */
export interface RemoteEvents {
  /** Commands can be sent, to whichever server this is. */
  up(): void
  /** They cannot. What was under way is rejected; whether it was done is not known. */
  down(why: string): void
  /** From now on every announcement will be told, in the order in which the server took them. */
  subscribed(): void
  /** Announcements may be missed. */
  unsubscribed(): void
  /** A workspace has this version. */
  announced(workspaceId: WorkspaceId, version: Version): void
  /** A workspace may have a version that nobody knows. */
  suspected(workspaceId: WorkspaceId): void
  /** A beat of this process is back. */
  beat(sequence: number): void
}

/**
 * The shared tier's server, spoken to plainly: a driver bounds, repeats and hides nothing. Every call rejects when it fails;
 * policy is the business of `RemoteTier`.
 *
 * The tier has one **slot** for each workspace, which is absent, or a placeholder with the highest version known (`0` at
 * first), or an entry. Each operation is atomic:
 *
 * - `lease`: an absent slot becomes a placeholder of a new incarnation. The lease is for the slot as it is then.
 * - `put`: an older entry is replaced. A placeholder becomes the entry if the lease is for its incarnation and it knows
 *   of nothing newer, and otherwise learns the version. An entry of the same version is replaced if it
 *   was current later. An absent slot stays absent, as something newer may have been there.
 * - `raise`: an entry that is older becomes a placeholder that knows the version; a placeholder learns it.
 *
 * So at any time an entry is at least as new as everything that was put or raised before, whatever the server evicted or lost
 * meanwhile. Anything in a slot that is not of this format counts as absent.
 */
export interface RemoteDriver {
  /** Begins to connect, for as long as it takes. Called once. */
  open(events: RemoteEvents): void
  attach(): Promise<Attachment>
  get(workspaceId: WorkspaceId): Promise<RemoteEntry | undefined>
  /** Undefined if the server has no room. */
  lease(workspaceId: WorkspaceId): Promise<Lease | undefined>
  /** `announce`: tells all who are subscribed, in the same step. `lifeMs`: when the slot is forgotten. */
  put(
    workspaceId: WorkspaceId,
    lease: Lease,
    record: WorkspaceContent & { readonly version: Version },
    options: { readonly lifeMs: number; readonly announce: boolean },
  ): Promise<void>
  /** `announce`: as for `put`. */
  raise(workspaceId: WorkspaceId, version: Version, announce: boolean): Promise<void>
  /** Makes an entry a placeholder of a new incarnation, and tells all who are subscribed, in the same step. */
  suspect(workspaceId: WorkspaceId): Promise<void>
  saveCursor(saved: SavedCursor): Promise<void>
  /** Sends this process a beat over the bus; resolves when the server has taken it. */
  beat(sequence: number): Promise<void>
  /** Gives up the connections and makes new ones. */
  reconnect(): void
  close(): void
}
