import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { type Config, ConfigError, Environment } from 'photos-api/config'
import { readConfig } from '../environment.js'
import { isSystemError } from '../failure.js'
import { maskSecrets } from '../secrets.js'

/** One environment variable of the service. */
export interface Variable {
  readonly name: string
  /** Its value here, without passwords. */
  readonly value: string
  readonly from: 'environment' | '.env' | 'default'
  readonly description: string
}

export interface Configuration {
  readonly variables: readonly Variable[]
  /** What the service would start with; undefined where it would refuse to. */
  readonly config: Config | undefined
  /** Why it would refuse to start; undefined where it would not. */
  readonly problem: string | undefined
}

export function examineConfiguration(): Configuration {
  const variables = listVariables()
  try {
    return { variables, config: readConfig(), problem: undefined }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { variables, config: undefined, problem: maskSecrets(error.message) }
  }
}

/** As `loadConfig` sees them: the environment goes over the file, and an empty text counts as not set. */
function listVariables(): Variable[] {
  const file = readEnvFile()
  return Object.entries(Environment.properties).map(([name, schema]) => {
    const inEnvironment = process.env[name] || undefined
    const inFile = file[name]
    return {
      name,
      value: maskSecrets(inEnvironment ?? inFile ?? textOf(schema, 'default')),
      from: inEnvironment !== undefined ? 'environment' : inFile !== undefined ? '.env' : 'default',
      description: textOf(schema, 'description'),
    }
  })
}

/** What a schema says about itself: the types of schemas leave out their annotations. */
function textOf(schema: object, annotation: 'default' | 'description'): string {
  const found = Object.entries(schema).find(([name]) => name === annotation)
  return found === undefined ? '' : String(found[1])
}

function readEnvFile(): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync('.env', 'utf8'))
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return {}
    throw error
  }
}
