import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { checkOf } from 'photos-domain'
import Type, { type Static } from 'typebox'
import { UsageError } from '../errors.js'
import { METRIC_NAMES } from '../stats/metrics.js'

const FLOORS_FILE = fileURLToPath(new URL('../../floors.json', import.meta.url))

const Floor = Type.Object(
  {
    scenario: Type.String(),
    control: Type.Optional(
      Type.String({ description: 'with a ratio: to which control; absent for what is of the target alone' }),
    ),
    metric: Type.Unsafe<(typeof METRIC_NAMES)[number] | 'anonymousBytes'>({
      type: 'string',
      enum: [...METRIC_NAMES, 'anonymousBytes'],
    }),
    slots: Type.Optional(
      Type.Unsafe<'all' | 'best'>({
        type: 'string',
        enum: ['all', 'best'],
        description:
          'of a ratio: the median over all slots, or the best quarter of each against each other; default all',
      }),
    ),
    atLeast: Type.Optional(Type.Number()),
    atMost: Type.Optional(Type.Number()),
    reason: Type.String({ minLength: 20, description: 'why this number and not another' }),
  },
  { additionalProperties: false },
)
export type Floor = Static<typeof Floor>

const Floors = Type.Object(
  {
    short: Type.Object(
      {
        workspaces: Type.Integer({ minimum: 1 }),
        rounds: Type.Integer({ minimum: 1 }),
        slotSeconds: Type.Number({ minimum: 0.2 }),
        warmupSeconds: Type.Number({ minimum: 0 }),
      },
      { additionalProperties: false, description: 'what `gate --short` sets in each scenario' },
    ),
    floors: Type.Array(Floor, { minItems: 1 }),
  },
  { additionalProperties: false },
)
export type Floors = Static<typeof Floors>

const checkFloors = checkOf(Floors)

/** The floors of `floors.json`, or of another file. @throws UsageError naming every field that is wrong */
export async function loadFloors(path: string = FLOORS_FILE): Promise<Floors> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  return parseFloors(value, path)
}

/** @throws UsageError naming every field that is wrong */
export function parseFloors(value: unknown, source: string): Floors {
  const faults = checkFloors(value)
  if (faults.length > 0) {
    throw new UsageError(`${source}: ${faults.map(({ field, message }) => `${field} ${message}`).join('; ')}`)
  }
  const floors = value as Floors
  for (const [place, { atLeast, atMost, control, metric, slots }] of floors.floors.entries()) {
    if ((atLeast === undefined) === (atMost === undefined)) {
      throw new UsageError(`${source}: floors.${place} must have either atLeast or atMost`)
    }
    if ((metric === 'anonymousBytes') !== (control === undefined)) {
      throw new UsageError(`${source}: floors.${place}.control is for ratios, and every ratio needs one`)
    }
    if (slots !== undefined && control === undefined) {
      throw new UsageError(`${source}: floors.${place}.slots is for ratios`)
    }
  }
  return floors
}
