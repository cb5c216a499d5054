import fc from 'fast-check'

/** What happens in a run, one after another; what takes time goes on while the next things happen. */
export type Command =
  | { readonly kind: 'read' | 'fresh' | 'write'; readonly replica: number; readonly key: number }
  | { readonly kind: 'foreign-write' | 'evict' | 'read-everywhere'; readonly key: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'pause'; readonly replica: number; readonly ms: number }
  | { readonly kind: ServerFault }
  | { readonly kind: ReplicaFault; readonly replica: number }

export type ServerFault =
  | 'flush'
  | 'restart'
  | 'fail-over'
  | 'hang'
  | 'slow-down'
  | 'resume'
  | 'fill-up'
  | 'make-room'
  | 'heal-all'

export type ReplicaFault =
  | 'cut-redis'
  | 'cut-bus'
  | 'silence-bus'
  | 'silence-commands'
  | 'cut-feed'
  | 'cut-store'
  | 'slow-store'
  | 'lose-write'
  | 'heal'

export const REPLICAS = 2
/** More than fit into a replica's memory. */
export const KEYS = 3

const SERVER_FAULTS: readonly ServerFault[] = [
  'flush',
  'restart',
  'fail-over',
  'hang',
  'slow-down',
  'resume',
  'fill-up',
  'make-room',
  'heal-all',
]

const REPLICA_FAULTS: readonly ReplicaFault[] = [
  'cut-redis',
  'cut-bus',
  'silence-bus',
  'silence-commands',
  'cut-feed',
  'cut-store',
  'slow-store',
  'lose-write',
  'heal',
]

const replica = fc.nat(REPLICAS - 1)
/** The first is the hot one. */
const key = fc.nat(KEYS * 2 - 1).map((at) => (at < KEYS ? at : 0))
const kind = <K extends string>(...kinds: readonly K[]) => fc.constantFrom(...kinds)

const usual = [
  { weight: 6, arbitrary: fc.record({ kind: kind('read'), replica, key }) },
  { weight: 8, arbitrary: fc.record({ kind: kind('read-everywhere'), key }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('fresh'), replica, key }) },
  { weight: 6, arbitrary: fc.record({ kind: kind('write'), replica, key }) },
  { weight: 4, arbitrary: fc.record({ kind: kind('wait'), ms: fc.constantFrom(1, 5, 20, 60) }) },
  { weight: 4, arbitrary: fc.record({ kind: kind('wait'), ms: fc.constantFrom(200, 700, 1100) }) },
]

const unusual: readonly fc.Arbitrary<Command>[] = [
  fc.record({ kind: kind('foreign-write'), key }),
  fc.record({ kind: kind('evict'), key }),
  fc.record({ kind: kind('pause'), replica, ms: fc.constantFrom(60, 400, 1500) }),
  ...SERVER_FAULTS.map((fault) => fc.record({ kind: kind(fault) })),
  ...REPLICA_FAULTS.map((fault) => fc.record({ kind: kind(fault), replica })),
]

export interface Scenario {
  readonly seed: number
  readonly commands: readonly Command[]
}

/** Each scenario has a few kinds of trouble: where everything goes wrong at once, nothing is left to be seen. */
export const scenarios: fc.Arbitrary<Scenario> = fc
  .uniqueArray(fc.nat(unusual.length - 1), { maxLength: 5 })
  .chain((kinds) => {
    const trouble = kinds.flatMap((at) => {
      const arbitrary = unusual[at]
      return arbitrary === undefined ? [] : [{ weight: 2, arbitrary }]
    })
    return fc.record({
      seed: fc.integer(),
      commands: fc.array(fc.oneof<fc.WeightedArbitrary<Command>[]>(...usual, ...trouble), {
        minLength: 6,
        maxLength: 32,
        size: 'max',
      }),
    })
  })
