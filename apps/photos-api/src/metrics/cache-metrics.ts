import { type CacheMetrics, LATENCY_BOUNDS_MS, type Latency } from 'photos-cache'
import { Counter, Gauge, type Registry } from 'prom-client'

export type Labels = Readonly<Record<string, string>>
/** A value for each set of labels; none where the tier is not there. */
type Series = readonly (readonly [labels: Labels, value: number])[]

interface Family {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
  readonly series: (metrics: CacheMetrics) => Series
}

const one = (value: number | undefined): Series => (value === undefined ? [] : [[{}, value]])
const flag = (isSo: boolean | undefined): Series => one(isSo === undefined ? undefined : Number(isSo))

const COUNTERS: readonly Family[] = [
  {
    name: 'photos_cache_reads_total',
    help: 'Reads by the tier that was asked; bypass: it was not, as it is out or not to be trusted now',
    labelNames: ['tier', 'result'],
    series: ({ memory, redis }) => [
      [{ tier: 'memory', result: 'hit' }, memory.hits],
      [{ tier: 'memory', result: 'miss' }, memory.misses],
      ...(redis === undefined
        ? []
        : ([
            [{ tier: 'redis', result: 'hit' }, redis.hits],
            [{ tier: 'redis', result: 'miss' }, redis.misses],
            [{ tier: 'redis', result: 'bypass' }, redis.bypassed],
          ] as const)),
    ],
  },
  {
    name: 'photos_cache_joined_reads_total',
    help: 'Reads that shared the answer of one under way',
    series: ({ store }) => one(store.joined),
  },
  {
    name: 'photos_cache_stale_answers_total',
    help: 'Answers marked stale, as the store could not be asked',
    series: ({ store }) => one(store.staleAnswers),
  },
  {
    name: 'photos_cache_memory_evictions_total',
    help: 'Entries that made room for others',
    series: ({ memory }) => one(memory.evictions),
  },
  {
    name: 'photos_cache_redis_calls_total',
    help: 'Calls to Redis',
    series: ({ redis }) => one(redis?.calls),
  },
  {
    name: 'photos_cache_redis_failures_total',
    help: 'Calls to Redis that failed, those that timed out among them',
    series: ({ redis }) => one(redis?.failures),
  },
  {
    name: 'photos_cache_redis_timeouts_total',
    help: 'Calls to Redis that took too long',
    series: ({ redis }) => one(redis?.timeouts),
  },
  {
    name: 'photos_cache_redis_outages_total',
    help: 'How often the Redis tier was taken out',
    series: ({ redis }) => one(redis?.opened),
  },
  {
    name: 'photos_cache_redis_relayed_changes_total',
    help: 'Changes made elsewhere that this process told Redis of',
    series: ({ redis }) => one(redis?.relayed),
  },
  {
    name: 'photos_cache_announcements_total',
    help: 'Writes heard of over Redis',
    series: ({ redis }) => one(redis?.announcementsHeard),
  },
  {
    name: 'photos_cache_changes_total',
    help: "Writes heard of over the store's feed",
    series: ({ store }) => one(store.changesHeard),
  },
  {
    name: 'photos_cache_store_reads_total',
    help: 'Reads of the store',
    series: ({ store }) => one(store.reads),
  },
  {
    name: 'photos_cache_store_errors_total',
    help: 'Reads of the store that failed',
    series: ({ store }) => one(store.errors),
  },
  {
    name: 'photos_cache_store_behind_total',
    help: 'Answers of the store that were older than what it had confirmed',
    series: ({ store }) => one(store.behind),
  },
]

const GAUGES: readonly Family[] = [
  {
    name: 'photos_cache_memory_entries',
    help: 'Entries of the in-process tier, markers included',
    series: ({ memory }) => one(memory.entries),
  },
  {
    name: 'photos_cache_memory_bytes',
    help: 'Memory of the in-process tier',
    series: ({ memory }) => one(memory.bytes),
  },
  {
    name: 'photos_cache_memory_max_bytes',
    help: 'The bound of the in-process tier',
    series: ({ memory }) => one(memory.maxBytes),
  },
  {
    name: 'photos_cache_redis_breaker',
    help: '1 for the state of the breaker before Redis; closed: in use',
    labelNames: ['state'],
    series: ({ redis }) =>
      redis === undefined
        ? []
        : (['closed', 'open', 'half-open'] as const).map((state) => [
            { state },
            Number(state === redis.breaker),
          ]),
  },
  {
    name: 'photos_cache_redis_trusted',
    help: '1 while entries of Redis are taken for current',
    series: ({ redis }) => flag(redis?.isTrusted),
  },
  {
    name: 'photos_cache_redis_unsettled',
    help: 'Workspaces that Redis has still to be told of',
    series: ({ redis }) => one(redis?.unsettled),
  },
  {
    name: 'photos_cache_bus_live',
    help: '1 while announcements are heard',
    series: ({ redis }) => flag(redis?.busIsLive),
  },
  {
    name: 'photos_cache_feed_live',
    help: "1 while the store's feed of changes is followed",
    series: ({ store }) => flag(store.feedIsLive),
  },
]

/** Makes the cache's own numbers known to the registry; `read` is called for each scrape. */
export function registerCacheMetrics(registry: Registry, read: () => CacheMetrics): void {
  const registers = [registry]
  // What says nothing now is about a tier that is not there.
  const isThere = ({ series }: Family) => series(read()).length > 0
  for (const { name, help, labelNames = [], series } of COUNTERS.filter(isThere)) {
    new Counter({
      ...{ name, help, labelNames, registers },
      collect() {
        this.reset()
        for (const [labels, value] of series(read())) this.inc(labels, value)
      },
    })
  }
  for (const { name, help, labelNames = [], series } of GAUGES.filter(isThere)) {
    new Gauge({
      ...{ name, help, labelNames, registers },
      collect() {
        for (const [labels, value] of series(read())) this.set(labels, value)
      },
    })
  }
}

const LATENCY = 'photos_cache_latency_seconds'

/** The latencies as a histogram in Prometheus's text format: prom-client's own counts one by one, and these were counted already. */
export function latencyText({ redis, store }: CacheMetrics, labels: Labels): string {
  const lines = [
    `# HELP ${LATENCY} How long reads of Redis and of the store took`,
    `# TYPE ${LATENCY} histogram`,
    ...(redis === undefined ? [] : samplesOf({ tier: 'redis', ...labels }, redis.reads)),
    ...samplesOf({ tier: 'store', ...labels }, store.latency),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function samplesOf(labels: Labels, { count, sumMs, buckets }: Latency): readonly string[] {
  const text = Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')
  let counted = 0
  const cumulative = LATENCY_BOUNDS_MS.map((boundMs, at) => {
    counted += buckets[at] ?? 0
    return `${LATENCY}_bucket{${text},le="${boundMs / 1000}"} ${counted}`
  })
  return [
    ...cumulative,
    `${LATENCY}_bucket{${text},le="+Inf"} ${count}`,
    `${LATENCY}_sum{${text}} ${sumMs / 1000}`,
    `${LATENCY}_count{${text}} ${count}`,
  ]
}
