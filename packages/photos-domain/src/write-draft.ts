import type { Photo, PhotoId } from './model.js'
import type { Receipt } from './receipts.js'
import type { Version } from './version.js'

/** A record, parsed. */
export interface Workspace {
  readonly version: Version
  readonly photos: readonly Photo[]
  readonly receipts: readonly Receipt[]
}

export interface Decision<T> {
  /** What to store; absent when what is stored is right already. */
  readonly next?: { readonly photos: readonly Photo[]; readonly receipts?: readonly Receipt[] }
  /** The photo that the result tells of, and the only one that is changed; absent: all of them. */
  readonly about?: PhotoId
  readonly result: T
}

/** What to make of a workspace. It may be asked several times, each time about another state of it, and may throw. */
export type Decide<T> = (workspace: Workspace) => Decision<T>

/** One write that waits, whatever its result is. */
export interface PendingWrite {
  /** It depends on the version of the record, so it must be decided on one that there is. */
  readonly isConditional: boolean
  /** Throws what `decide` throws. */
  decideOn(workspace: Workspace): PendingDecision
  /** Rejects. */
  fail(error: unknown): void
  /** How often it was decided on what the store had, and lost against another process. */
  lost: number
}

export interface PendingDecision extends Omit<Decision<unknown>, 'result'> {
  /** Resolves: the record has this version now, and what was decided holds of it. */
  succeed(version: Version): void
}

/** How one write came out of a draft, if that gets stored. */
export type Verdict =
  | { readonly write: PendingWrite; readonly decision: PendingDecision }
  /** Refused; `isSure`: whatever becomes of the draft. */
  | { readonly write: PendingWrite; readonly error: unknown; readonly isSure: boolean }

/** What several writes make of a workspace together. */
export interface Draft {
  /** The very object that was begun with, where there is nothing to store. */
  readonly workspace: Workspace
  /** Those of the writes that are in it: each of them holds of the whole. */
  readonly verdicts: readonly Verdict[]
  /** How many of them change something. */
  readonly changes: number
}

/**
 * Decides one write after another, each on what those before it made, as if each was stored by itself; so that one version can
 * be the answer to all of them. Left for later is a write that must not share one: where it is about a photo that an earlier one
 * told of, that one's answer would not hold of the version it is given, and its ETag would not be that photo's. Where it is about
 * all photos, or has a condition on the version, which needs one that there is, none overtakes it.
 * @param isStored whether `before` is what the store had after the writes came; else it is only what it may have
 */
export function draftOf(before: Workspace, writes: readonly PendingWrite[], isStored: boolean): Draft {
  const verdicts: Verdict[] = []
  const told = new Set<PhotoId>()
  let workspace = before
  let changes = 0
  for (const write of writes) {
    if (write.isConditional && workspace !== before) break
    let decision: PendingDecision
    try {
      decision = write.decideOn(workspace)
    } catch (error) {
      verdicts.push({ write, error, isSure: isStored && workspace === before })
      continue
    }
    const { about, next } = decision
    if (about === undefined && told.size > 0) break
    if (about !== undefined && told.has(about)) continue
    verdicts.push({ write, decision })
    if (next !== undefined) {
      changes++
      workspace = { version: before.version, receipts: workspace.receipts, ...next }
    }
    if (about === undefined) break
    told.add(about)
  }
  return { workspace, verdicts, changes }
}
