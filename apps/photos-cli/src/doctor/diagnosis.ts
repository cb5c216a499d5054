import { configuredStore, type StoreLocation } from '../store-location.js'
import { examineMachine, type Machine } from './machine.js'
import { examineStore, type StoreReport } from './store.js'
import { examineConfiguration, type Variable } from './variables.js'

/** Everything that `photos doctor` finds out. This is also what `--json` prints: fields are added, never changed. */
export interface Diagnosis {
  /** Whether the service could run here. */
  readonly ok: boolean
  /** What is in the way, a sentence each. */
  readonly problems: readonly string[]
  /** What should be seen to before it is in the way. */
  readonly warnings: readonly string[]
  readonly configuration: readonly Variable[]
  readonly machine: Machine
  /** Absent where the configuration does not say which one. */
  readonly store?: StoreReport
}

const LOW_DISK_BYTES = 1e9
const FEW_OPEN_FILES = 1024

/** @param named a store other than the one that is configured */
export async function diagnose(named: StoreLocation | undefined): Promise<Diagnosis> {
  const { variables, config, problem } = examineConfiguration()
  const machine = examineMachine()
  const location = named ?? (config && configuredStore(config))
  const store = location && (await examineStore(location))
  const problems = [problem, store?.problem].filter(isText)
  return {
    ok: problems.length === 0,
    problems,
    warnings: [lowDisk(store), fewOpenFiles(machine)].filter(isText),
    configuration: variables,
    machine,
    ...(store && { store }),
  }
}

const isText = (text: string | undefined): text is string => text !== undefined && text !== ''

function lowDisk(store: StoreReport | undefined): string | undefined {
  if (store?.disk === undefined || store.disk.freeBytes >= LOW_DISK_BYTES) return undefined
  return `less than 1 GB is free on the disk of ${store.disk.path}`
}

function fewOpenFiles({ maxOpenFiles }: Machine): string | undefined {
  if (typeof maxOpenFiles !== 'number' || maxOpenFiles > FEW_OPEN_FILES) return undefined
  return `a process may have only ${maxOpenFiles} files and connections open (ulimit -n)`
}
