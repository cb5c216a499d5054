import type { Version, WorkspaceId } from 'photos-domain'
import type { Clock, Random } from './clock.js'
import { Coverage } from './coverage.js'
import { CursorSaver } from './cursor-saver.js'
import type { FeedFollower } from './feed-follower.js'
import type { CacheLog } from './log.js'
import { type CacheSettings, feedDelayMs } from './options.js'
import type { RemoteDriver } from './remote/driver.js'
import { RemoteTier } from './remote/remote-tier.js'
import type { Trust } from './trust.js'
import { Unsettled } from './unsettled.js'

/** The shared tier and what is known about it. */
export interface Shared {
  readonly tier: RemoteTier
  readonly coverage: Coverage
  readonly unsettled: Unsettled
  readonly cursorSaver: CursorSaver
}

export interface BusListener {
  announced(workspaceId: WorkspaceId, version: Version): void
  suspected(workspaceId: WorkspaceId): void
}

/** How many beats are sent within the staleness bound: some may be late before anything is doubted. */
const BEATS_PER_BOUND = 8

/** Puts the shared tier together with what depends on its state. */
export function share(
  driver: RemoteDriver,
  parts: {
    readonly settings: CacheSettings
    readonly clock: Clock
    readonly random: Random
    readonly log: CacheLog
  },
  trust: Trust,
  feed: FeedFollower,
  { announced, suspected }: BusListener,
): Shared {
  const { settings, clock } = parts
  const tier = new RemoteTier(
    driver,
    {
      timeoutMs: settings.redisTimeoutMs,
      failuresToOpen: 3,
      firstProbeMs: 100,
      longestProbeMs: 2000,
      deadAfterMs: 3000,
      beatEveryMs: settings.maxStalenessMs / BEATS_PER_BOUND,
      entryLifeMs: settings.redisLifeMs,
    },
    parts,
    {
      tick: (nowMs) => trust.feedHeard(nowMs),
      available: ({ server }) => {
        unsettled.forgetAnnounced()
        coverage.available(server)
        unsettled.relaySoon()
      },
      busConnected: () => trust.busConnected(clock.now()),
      busLost: () => trust.busLost(),
      busHeard: (sentAtMs) => trust.busHeard(sentAtMs),
      announced,
      suspected,
    },
  )
  const coverageOptions = { feedDelayMs: feedDelayMs(settings), retryAfterMs: 250 }
  const coverage = new Coverage(tier, trust, feed, clock, coverageOptions)
  const unsettledOptions = { maxLength: settings.maxUnsettled, relayWithinMs: 50, retryAfterMs: 250 }
  const unsettled = new Unsettled(tier, unsettledOptions, parts, () => coverage.overflowed())
  const cursorSaver = new CursorSaver({ tier, coverage, unsettled, feed, clock })
  return { tier, coverage, unsettled, cursorSaver }
}
