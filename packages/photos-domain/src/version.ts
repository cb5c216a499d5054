/**
 * The version of a workspace's record: a decimal counter without leading zeros, and optionally `-` and a suffix
 * that tells apart records of the same count. An embedded store gives `1764000000000000`, CouchDB its revision
 * `3-917fa2381192822767f010b95b45325b`. Opaque to clients, who see it as the ETag; ordered by {@link compareVersions}.
 */
export type Version = string

/** The version of a workspace that was never written. Every other version is above it. */
export const NEVER_WRITTEN: Version = '0'

/**
 * Orders two versions of one workspace: the higher count first, then the higher suffix in code-unit order, which is how
 * CouchDB picks the winner of a conflict (https://docs.couchdb.org/en/stable/replication/conflicts.html).
 * Returns a negative number, zero or a positive number, as `Array.prototype.sort` wants it.
 */
export function compareVersions(a: Version, b: Version): number {
  if (a === b) return 0
  const aCount = countLength(a)
  const bCount = countLength(b)
  // Counts have no leading zeros, so the longer is the larger, and equal lengths compare as text.
  if (aCount !== bCount) return aCount - bCount
  return a < b ? -1 : 1
}

function countLength(version: Version): number {
  const dash = version.indexOf('-')
  return dash === -1 ? version.length : dash
}
