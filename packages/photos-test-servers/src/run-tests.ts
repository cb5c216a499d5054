import { spawn, spawnSync } from 'node:child_process'

/*
 * Runs every test of the monorepo: gets the servers and the browser that tests need, runs the tests of each package, and
 * says at the end which real ones they ran against.
 */

interface Server {
  readonly command: string
  readonly debianPackage: string
  readonly versionArgs: readonly string[]
}

const SERVERS: readonly Server[] = [
  { command: 'redis-server', debianPackage: 'redis-server', versionArgs: ['--version'] },
  { command: 'nginx', debianPackage: 'nginx', versionArgs: ['-v'] },
  // It opens the reports of the benchmark.
  { command: 'chromium', debianPackage: 'chromium', versionArgs: ['--version'] },
]

/** The first line of what the server says of its version; undefined where it is not on the PATH. */
function versionOf({ command, versionArgs }: Server): string | undefined {
  const { status, stdout, stderr } = spawnSync(command, versionArgs, { encoding: 'utf8' })
  return status === 0 ? `${stdout}${stderr}`.trim().split('\n')[0] : undefined
}

/** Installs from Debian's packages what is missing, where this user may; otherwise says in one line what to install. */
function provideServers(): void {
  const missing = SERVERS.filter((server) => versionOf(server) === undefined).map(
    ({ debianPackage }) => debianPackage,
  )
  if (missing.length === 0) return
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    console.log(`installing ${missing.join(', ')}`)
    // No service is started by the installation: tests start servers of their own.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
    spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'inherit' })
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
      env,
      stdio: 'inherit',
    })
  }
  const absent = SERVERS.filter((server) => versionOf(server) === undefined).map(
    ({ debianPackage }) => debianPackage,
  )
  if (absent.length > 0) {
    console.error(
      `the tests need ${absent.join(' and ')}: sudo apt-get install ${absent.join(' ')} (or your system's own)`,
    )
    process.exit(1)
  }
}

async function couchdbVersion(urls: string): Promise<string> {
  const [first = ''] = urls.split(',')
  const { origin, username, password } = new URL(first)
  const authorization = `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
  const answer = await fetch(origin, username === '' ? {} : { headers: { authorization } })
  const { version } = (await answer.json()) as { version?: string }
  return `CouchDB ${version ?? 'of unknown version'} at ${origin}`
}

provideServers()
const couchdbUrl = process.env['COUCHDB_URL'] ?? ''
const couchdb =
  couchdbUrl === ''
    ? 'express-pouchdb over HTTP (set COUCHDB_URL for a CouchDB)'
    : await couchdbVersion(couchdbUrl)
const args = ['run', 'test', '--concurrency=1', '--continue', '--output-logs=new-only', '--log-order=stream']
const tests = spawn('turbo', args, { stdio: 'inherit' })
process.on('SIGINT', () => {})
tests.on('exit', (code, signal) => {
  console.log('Ran against:')
  for (const server of SERVERS) console.log(`  ${versionOf(server)}`)
  console.log(`  ${couchdb}`)
  process.exit(signal === null ? (code ?? 1) : 1)
})
