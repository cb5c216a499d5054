import { type MeasuredDemand, type MeasuredLoad, measureLoad } from './measured-load.js'

/** One load, and what it showed beside the cost of a request. */
export interface MeasuredPart extends MeasuredLoad {
  readonly name: string
  /** What share of the requests each tier answered, by its name; of the edge, of the lines of its log. */
  readonly shares?: Readonly<Record<string, number>> | undefined
  /** What Redis holds a record in, with all that it needs for it. */
  readonly redisBytesPerRecord?: number | undefined
}

export interface MeasureOptions {
  readonly cacheDir: string
  readonly workspaces: number
  /** How long each load is measured. */
  readonly seconds: number
  readonly progress: (text: string) => void
}

const WARM_UP_SECONDS = 3

export const READS = { collection: 1 } as const
export const WRITES = { update: 1 } as const
export const ZIPF = { kind: 'zipf', exponent: 0.99 } as const
export const HOT = { kind: 'hot', hot: 1000 } as const
export const UNIFORM = { kind: 'uniform' } as const
export const CONNECTIONS = 64

/** Loads it until it is warm. */
export async function warm(demand: MeasuredDemand): Promise<void> {
  await measureLoad({ ...demand, seconds: WARM_UP_SECONDS }, {})
}
