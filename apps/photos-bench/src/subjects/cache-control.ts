/** What the service lets caches do with an answer; a control in front of which there is a cache says the same. */
export const SERVICE_CACHE_CONTROL = 'max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=60'
