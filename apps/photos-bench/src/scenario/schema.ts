import { checkOf, type InvalidField } from 'photos-domain'
import Type, { type Static } from 'typebox'

const Name = Type.String({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' })
const Weight = Type.Optional(Type.Number({ minimum: 0 }))

const Ids = Type.Object(
  {
    kind: Type.Unsafe<'uniform' | 'zipf' | 'hot'>({ type: 'string', enum: ['uniform', 'zipf', 'hot'] }),
    exponent: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 5, description: 'zipf: how steep; YCSB uses 0.99' }),
    ),
    hot: Type.Optional(
      Type.Integer({ minimum: 1, description: 'hot: how many workspaces get all requests' }),
    ),
  },
  { additionalProperties: false },
)
export type IdSettings = Static<typeof Ids>

/** How often each operation is asked for, relative to the others. */
const Mix = Type.Object(
  {
    collection: Weight,
    photo: Weight,
    revalidate: Weight,
    add: Weight,
    update: Weight,
    remove: Weight,
  },
  { additionalProperties: false, minProperties: 1 },
)
export type Mix = Static<typeof Mix>

/**
 * What a client asks for: a workspace's photos, one photo, the photos again with the ETag of the copy at hand (304 if it is
 * still good), and the writes: add a photo, change one, remove one that was added.
 */
export type Operation = keyof Mix
export const OPERATIONS = Object.keys(Mix.properties) as readonly Operation[]

/** One scenario: who is measured against whom, and under which load. Each is a file of `scenarios/`. */
export const Scenario = Type.Object(
  {
    name: Name,
    description: Type.String({ minLength: 1 }),
    target: Name,
    controls: Type.Array(Name, {
      minItems: 1,
      uniqueItems: true,
      description: 'measured in the same run, in turns with the target; ratios are target / control',
    }),
    workspaces: Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: 'how many are stored' }),
    ids: Ids,
    mix: Mix,
    connections: Type.Integer({ minimum: 1, maximum: 10_000 }),
    requestsPerSecond: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description:
          'arrival rate, whatever the answers take; absent: each connection asks as soon as it is answered',
      }),
    ),
    arrivals: Type.Optional(
      Type.Unsafe<'constant' | 'poisson'>({ type: 'string', enum: ['constant', 'poisson'] }),
    ),
    rounds: Type.Integer({ minimum: 1, maximum: 100, description: 'how often the target is measured' }),
    starts: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 20,
        description:
          'how often all servers are started anew, with a part of the rounds each; default 1. Processes that run the same code differ',
      }),
    ),
    slotSeconds: Type.Number({ minimum: 0.2, maximum: 3600, description: 'how long each time' }),
    warmupSeconds: Type.Number({ minimum: 0, maximum: 600, description: 'load before the first slot' }),
  },
  { additionalProperties: false },
)
export type Scenario = Static<typeof Scenario>

/** How long a connection may have nothing to send: well below what the generator takes for a dead one. */
const LONGEST_IDLE_SECONDS = 10

const checkShape = checkOf(Scenario)

/** Every field of a scenario that is wrong, and why; none when it can be run. */
export function checkScenario(value: unknown, subjects: readonly string[]): readonly InvalidField[] {
  const faults = checkShape(value)
  return faults.length > 0 ? faults : contradictions(value as Scenario, subjects)
}

function contradictions(scenario: Scenario, subjects: readonly string[]): InvalidField[] {
  const { ids, mix, controls, target, workspaces } = scenario
  const faults: InvalidField[] = []
  const fault = (field: string, message: string): void => void faults.push({ field, message })
  const known = `must be one of ${subjects.join(', ')}`

  if (!subjects.includes(target)) fault('target', known)
  controls.forEach((control, index) => {
    if (!subjects.includes(control)) fault(`controls.${index}`, known)
    else if (control === target) fault(`controls.${index}`, 'must not be the target itself')
  })
  if (ids.kind === 'zipf' && ids.exponent === undefined) fault('ids.exponent', 'is required for zipf')
  if (ids.kind !== 'zipf' && ids.exponent !== undefined) fault('ids.exponent', 'is only for zipf')
  if (ids.kind === 'hot' && ids.hot === undefined) fault('ids.hot', 'is required for hot')
  if (ids.kind !== 'hot' && ids.hot !== undefined) fault('ids.hot', 'is only for hot')
  if (ids.hot !== undefined && ids.hot > workspaces) fault('ids.hot', `must be at most ${workspaces}`)
  if (OPERATIONS.every((operation) => (mix[operation] ?? 0) === 0)) fault('mix', 'must ask for something')
  if ((mix.remove ?? 0) > (mix.add ?? 0))
    fault('mix.remove', 'must be at most mix.add: it removes what was added')
  const { requestsPerSecond, arrivals, connections, starts = 1, rounds } = scenario
  if (starts > rounds) fault('starts', `must be at most the number of rounds, ${rounds}`)
  if (requestsPerSecond === undefined && arrivals !== undefined) {
    fault('arrivals', 'is only for a scenario with requestsPerSecond')
  }
  if (requestsPerSecond !== undefined && connections > requestsPerSecond * LONGEST_IDLE_SECONDS) {
    fault(
      'connections',
      `must be at most ${LONGEST_IDLE_SECONDS} × requestsPerSecond, so that none idles for long`,
    )
  }
  return faults
}

/** Whether a scenario changes what is stored. */
export const changesData = ({ mix }: Pick<Scenario, 'mix'>): boolean =>
  (mix.add ?? 0) + (mix.update ?? 0) + (mix.remove ?? 0) > 0
