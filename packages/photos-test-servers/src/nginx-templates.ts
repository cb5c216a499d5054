import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const INFRA = fileURLToPath(new URL('../../../infra/nginx/', import.meta.url))
const TEMPLATES = join(INFRA, 'templates')
const SUFFIX = '.template'

/** Values of the variables of `infra/nginx/variables.env`: `{ EDGE_LISTEN: '8080' }`. */
export type NginxVariables = Readonly<Record<string, string>>

/** Every variable with its default, as `infra/nginx/variables.env` has them. */
export async function nginxDefaults(): Promise<NginxVariables> {
  const lines = (await readFile(join(INFRA, 'variables.env'), 'utf8')).split('\n')
  const assignments = lines.filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    assignments.map((line) => {
      const at = line.indexOf('=')
      return [line.slice(0, at), line.slice(at + 1)]
    }),
  )
}

/**
 * Writes the templates of `infra/nginx` into a directory with their variables substituted, as the official image does it: `NAME`
 * in `${NAME}` is one that is listed, and everything else stays as it is.
 * @throws Error naming a given variable that is not listed, or one that a template uses and nothing lists
 */
export async function renderNginx(directory: string, given: NginxVariables): Promise<void> {
  const defaults = await nginxDefaults()
  const unknown = Object.keys(given).filter((name) => !(name in defaults))
  if (unknown.length > 0) throw new Error(`infra/nginx/variables.env does not list ${unknown.join(', ')}`)
  const values = { ...defaults, ...given }
  const names = await readdir(TEMPLATES, { recursive: true })
  for (const name of names.filter((file) => file.endsWith(SUFFIX))) {
    const text = await readFile(join(TEMPLATES, name), 'utf8')
    const file = join(directory, name.slice(0, -SUFFIX.length))
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, substitute(text, values, name))
  }
}

function substitute(text: string, values: NginxVariables, name: string): string {
  return text.replace(/\$\{([A-Za-z_]\w*)\}/g, (_reference, variable: string) => {
    const value = values[variable]
    if (value === undefined) throw new Error(`${name} uses ${variable}, which variables.env does not list`)
    return value
  })
}
