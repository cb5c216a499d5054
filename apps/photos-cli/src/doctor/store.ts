import type { RepositoryStatus } from 'photos-domain'
import { describeFailure } from '../failure.js'
import { storeExists, withStore } from '../open-store.js'
import { describeLocation, type StoreLocation } from '../store-location.js'
import { type Disk, examineDisk } from './machine.js'

export type StoreState = 'ready' | 'absent' | 'unreachable'

/** What there is to say of a store. */
export interface StoreReport {
  /** Without passwords. */
  readonly location: string
  /** `absent`: an embedded store that has yet to be made, which the first use does. */
  readonly state: StoreState
  readonly status?: RepositoryStatus
  /** Of an embedded store. */
  readonly disk?: Disk
  /** Why it cannot be used. */
  readonly problem?: string
}

/** Opens a store that is there, and looks at it. It changes nothing and makes nothing. */
export async function examineStore(location: StoreLocation): Promise<StoreReport> {
  const base = {
    location: describeLocation(location),
    ...(location.kind === 'lmdb' && { disk: await examineDisk(location.path) }),
  }
  if (base.disk?.problem) return { ...base, state: 'unreachable', problem: base.disk.problem }
  if (location.kind === 'lmdb' && !storeExists(location)) return { ...base, state: 'absent' }
  try {
    const status = await withStore(location, { create: false }, (store) => store.status())
    return { ...base, state: 'ready', status }
  } catch (error) {
    return { ...base, state: 'unreachable', problem: describeFailure(error) }
  }
}
