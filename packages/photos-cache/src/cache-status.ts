/*
 * The values of `record.cacheStatus`: RFC 9211 (https://www.rfc-editor.org/rfc/rfc9211), one member, of the cache named
 * `photos`, which both tiers make up together. `hit`: answered from a tier, which `detail` names. `fwd`: the store was
 * asked, because nothing was stored (`uri-miss`), what was stored could no longer be trusted (`stale`) or the request wanted
 * it (`request`). No member says how long an entry will stay fresh (`ttl`): it would be another text for each answer.
 */

export const HIT_IN_MEMORY = 'photos; hit; detail=memory'
export const HIT_IN_REDIS = 'photos; hit; detail=redis'
/** No tier had it. */
export const MISS = 'photos; fwd=uri-miss; stored'
/** A tier had it, and could not vouch for it any more. */
export const REVALIDATED = 'photos; fwd=stale; stored'
/** The request asked to read past the cache. */
export const FRESH = 'photos; fwd=request; stored'
/** The store could not be asked, or not in time: what a tier has is answered all the same, marked stale (RFC 5861). */
export const STALE_IN_MEMORY = 'photos; fwd=stale; detail=memory'
export const STALE_IN_REDIS = 'photos; fwd=stale; detail=redis'
