import { readFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { isPhotosError } from 'photos-domain'
import { CommandError, usageError } from '../failure.js'
import { integer } from '../options.js'
import { maskSecrets } from '../secrets.js'
import { parseStoreLocation } from '../store-location.js'
import { userPath } from '../user-path.js'

interface InitCommandOptions {
  readonly q?: number
  readonly n?: number
  readonly member: string
  readonly memberPasswordFile?: string
}

const PASSWORD_VARIABLE = 'COUCHDB_MEMBER_PASSWORD'
/** The most shards CouchDB takes are not documented; so many would be a mistake. */
const MAX_SHARDS = 1024
const MAX_COPIES = 64

export function couchdbCommand(): Command {
  return new Command('couchdb').description('look after a CouchDB database').addCommand(initCommand())
}

function initCommand(): Command {
  return new Command('init')
    .description(
      'make the database, the account of the service, and the rule that only it may read and write',
    )
    .argument('<url>', 'the database, with the credentials of an administrator of the server')
    .addOption(
      new Option('--q <shards>', "into how many shards it is divided; default: the server's").argParser(
        integer(1, MAX_SHARDS),
      ),
    )
    .addOption(
      new Option('--n <copies>', "on how many nodes each shard is kept; default: the server's").argParser(
        integer(1, MAX_COPIES),
      ),
    )
    .option('--member <name>', 'the account that the service is to use', 'photos')
    .option(
      '--member-password-file <file>',
      `the file that holds its password; default: the variable ${PASSWORD_VARIABLE}`,
    )
    .addHelpText(
      'after',
      `
Only what is not there yet is made, so it may be run again. An account that exists gets the given password. The number of shards and
copies cannot be changed later: where the database has others, that is an error.`,
    )
    .action(init)
}

async function init(text: string, { q, n, member, memberPasswordFile }: InitCommandOptions): Promise<void> {
  const location = parseStoreLocation(text)
  const url = location.kind === 'couchdb' && location.urls.length === 1 ? location.urls[0] : undefined
  if (url === undefined) throw usageError('the database is to be named by one URL, at any of its nodes')
  const password = await memberPassword(memberPasswordFile)
  const { initDatabase } = await import('photos-couchdb')
  const done = await initDatabase({ url, q, n, member: { name: member, password } }).catch(toCommandError)
  const shape = done.q === undefined || done.n === undefined ? '' : ` (q=${done.q}, n=${done.n})`
  console.log(`database: ${done.database}${shape}`)
  console.log(`account ${member}: ${done.member}`)
  console.log(`security: ${done.security}`)
  const forService = new URL(url)
  forService.username = member
  forService.password = 'password'
  console.log(`for the service: COUCHDB_URL=${maskSecrets(forService.href)}`)
}

async function memberPassword(file: string | undefined): Promise<string> {
  const found = file === undefined ? process.env[PASSWORD_VARIABLE] : await readPassword(userPath(file))
  if (found === undefined || found === '') {
    throw usageError(`the account needs a password: --member-password-file, or ${PASSWORD_VARIABLE}`)
  }
  return found
}

/** The first line, as editors end it. */
async function readPassword(path: string): Promise<string> {
  const [line = ''] = (await readFile(path, 'utf8')).split(/\r?\n/, 1)
  return line
}

/** What the server will not do is not a mistake of this program. */
function toCommandError(error: unknown): never {
  if (isPhotosError(error) || !(error instanceof Error) || error.name !== 'Error') throw error
  throw new CommandError(error.message)
}
