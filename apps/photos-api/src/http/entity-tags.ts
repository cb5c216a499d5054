import type { Version, VersionCondition } from 'photos-domain'
import { invalidInput } from 'photos-domain'

/** One entity tag of a list: an optional `W/`, then the opaque part between quotes (RFC 9110, section 8.8.3). */
const ENTITY_TAG = /^\s*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)/

/** The strong entity tag of a version. */
export const etagOf = (version: Version): string => `"${version}"`

/** Whether If-None-Match names the current version, so that the client's copy is good (RFC 9110, section 13.1.2). */
export function isNotModified(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === etag) return true
  const condition = parseEntityTags('If-None-Match', ifNoneMatch, 'weak')
  return condition === '*' || condition.some((version) => etagOf(version) === etag)
}

/**
 * The versions an If-Match or If-None-Match header names. Strong comparison lets weak tags match nothing, so it leaves
 * them out; weak comparison takes them as their strong twins (RFC 9110, section 8.8.3.2).
 * @throws PhotosError `INVALID_INPUT` naming the header
 */
export function parseEntityTags(
  header: string,
  value: string,
  comparison: 'strong' | 'weak',
): VersionCondition {
  if (value.trim() === '*') return '*'
  const versions: Version[] = []
  let rest = value
  while (rest.trim() !== '') {
    const match = ENTITY_TAG.exec(rest)
    if (match === null) {
      throw invalidInput([{ field: header, message: 'must be * or a list of quoted entity tags' }])
    }
    const [all, weak, opaque = ''] = match
    if (weak === undefined || comparison === 'weak') versions.push(opaque)
    rest = rest.slice(all.length)
  }
  return versions
}
