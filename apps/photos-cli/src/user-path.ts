import { resolve } from 'node:path'

/**
 * The absolute path of one that the user typed. Package managers run scripts in the folder of the package; npm and pnpm say in
 * INIT_CWD where the user was (https://docs.npmjs.com/cli/v11/using-npm/scripts#best-practices).
 */
export function userPath(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? process.cwd(), path)
}
