import { readdir, readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { InvalidField } from 'photos-domain'
import { UsageError } from '../errors.js'
import { subjectNames } from '../subjects/index.js'
import { checkScenario, type Scenario } from './schema.js'

const SCENARIO_DIR = fileURLToPath(new URL('../../scenarios/', import.meta.url))

/** What the command line may set in place of what a scenario's file says. */
export type Overrides = Partial<
  Pick<Scenario, 'workspaces' | 'rounds' | 'slotSeconds' | 'warmupSeconds' | 'connections'>
>

/** The scenario in a text. @throws UsageError naming `source` and every field that is wrong */
export function parseScenario(text: string, source: string): Scenario {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${source} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  return checked(value, source)
}

/** A scenario with some settings replaced. @throws UsageError naming every field that is wrong now */
export function withOverrides(scenario: Scenario, overrides: Overrides): Scenario {
  return checked({ ...scenario, ...overrides }, `scenario ${scenario.name}`)
}

/** One scenario: by the name of its file among ours, or by the path of any `.json` file. */
export async function loadScenario(nameOrPath: string): Promise<Scenario> {
  const ours = extname(nameOrPath) !== '.json'
  const path = ours ? join(SCENARIO_DIR, `${nameOrPath}.json`) : nameOrPath
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const names = (await scenarioNames()).join(', ')
    throw new UsageError(
      ours
        ? `there is no scenario ${nameOrPath}; there are ${names}`
        : `${path} cannot be read: ${String(error)}`,
    )
  }
  const scenario = parseScenario(text, path)
  if (ours && scenario.name !== basename(path, '.json')) {
    throw new UsageError(`${path}: name must be that of the file`)
  }
  return scenario
}

export async function scenarioNames(): Promise<string[]> {
  const files = await readdir(SCENARIO_DIR)
  return files
    .filter((file) => extname(file) === '.json')
    .map((file) => basename(file, '.json'))
    .sort()
}

function checked(value: unknown, source: string): Scenario {
  const faults = checkScenario(value, subjectNames)
  if (faults.length > 0) throw new UsageError(`${source}: ${faults.map(describe).join('; ')}`)
  return value as Scenario
}

const describe = ({ field, message }: InvalidField): string =>
  `${field === '' ? 'a scenario' : field} ${message}`
