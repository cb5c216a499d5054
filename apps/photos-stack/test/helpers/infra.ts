import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments } from 'yaml'

export const INFRA = fileURLToPath(new URL('../../../../infra/', import.meta.url))

export type Variables = Readonly<Record<string, string>>

export interface ComposeService {
  readonly image?: string
  readonly environment?: Variables
  readonly labels?: Variables
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>
  readonly extends?: { readonly file: string; readonly service: string }
  readonly read_only?: boolean
  readonly stop_grace_period?: string
  readonly cpus?: number
  readonly mem_limit?: string
}

interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>
}

/** Every YAML file under `infra`, relative to it. */
export async function yamlFiles(): Promise<string[]> {
  const names = await readdir(INFRA, { recursive: true })
  return names.filter((name) => /\.ya?ml$/.test(name)).sort()
}

/** Every document of a YAML file. @throws Error with all that is wrong with it */
export async function readYaml(name: string): Promise<unknown[]> {
  const documents = parseAllDocuments(await readFile(join(INFRA, name), 'utf8'), {
    merge: true,
    strict: true,
  })
  if (!Array.isArray(documents)) return []
  return documents.map((document) => {
    if (document.errors.length > 0 || document.warnings.length > 0)
      throw new Error(`${name}: ${[...document.errors, ...document.warnings].join('; ')}`)
    return document.toJS() as unknown
  })
}

/** The services of a compose file, with what they extend. */
export async function composeServices(name: string): Promise<Map<string, ComposeService>> {
  const { services } = await readCompose(name)
  const resolved = new Map<string, ComposeService>()
  for (const [service, own] of Object.entries(services)) {
    const base = own.extends
    const inherited =
      base === undefined
        ? {}
        : ((await readCompose(join(dirname(name), base.file))).services[base.service] ??
          fail(`${name}: ${service}`))
    const environment = textual({ ...inherited.environment, ...own.environment })
    const volumes = [...(inherited.volumes ?? []), ...(own.volumes ?? [])]
    resolved.set(service, { ...inherited, ...own, environment, volumes })
  }
  return resolved
}

async function readCompose(name: string): Promise<ComposeFile> {
  return parse(await readFile(join(INFRA, name), 'utf8'), { merge: true, strict: true }) as ComposeFile
}

/** As the command docker compose has them in the environment, with a stand-in for each secret. */
function textual(environment: Readonly<Record<string, unknown>>): Variables {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      String(value).replaceAll(/\$\{\w+(:\?[^}]*)?\}/g, 'secret'),
    ]),
  )
}

const fail = (what: string): never => {
  throw new Error(`${what} extends what does not exist`)
}

/** The names of the files of a folder of `infra`, relative to it. */
export async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(join(INFRA, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(join(INFRA, folder), join(entry.parentPath, entry.name)))
    .sort()
}
