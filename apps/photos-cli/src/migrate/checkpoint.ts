import { createHash } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isPhotosError, parserOf, WorkspaceId } from 'photos-domain'
import Type, { type Static } from 'typebox'
import { CommandError, isSystemError } from '../failure.js'
import type { StoreLocation } from '../store-location.js'

/** How far a migration has come. */
const Checkpoint = Type.Object(
  {
    format: Type.Literal(1),
    /** Both stores, without credentials: another migration's file is not taken for this one's. */
    from: Type.String(),
    to: Type.String(),
    /** Every change of the source up to this one has been copied; absent where nothing is certain. */
    cursor: Type.Optional(Type.String()),
    /** How many changes that were. */
    changes: Type.Integer({ minimum: 0 }),
    /** The workspaces among them that could not be copied. */
    failed: Type.Array(WorkspaceId),
  },
  { additionalProperties: false },
)
export type Checkpoint = Static<typeof Checkpoint>

const parse = parserOf(Checkpoint)

/** Names a store, and with it the account, the password and the order of its nodes left out. */
export function identityOf(location: StoreLocation): string {
  if (location.kind === 'lmdb') return `lmdb:${location.path}`
  const roots = location.urls.map((text) => {
    const { origin, pathname } = new URL(text)
    return origin + pathname.replace(/\/$/, '')
  })
  return roots.sort().join(',')
}

/** The file of a migration that was not told where to keep its state. */
export function defaultStateFile(from: StoreLocation, to: StoreLocation): string {
  const digest = createHash('sha256')
    .update(`${identityOf(from)}\n${identityOf(to)}`)
    .digest('hex')
  return `photos-migrate-${digest.slice(0, 12)}.json`
}

/** The checkpoint of a migration that begins. */
export const newCheckpoint = (from: StoreLocation, to: StoreLocation): Checkpoint => ({
  format: 1,
  from: identityOf(from),
  to: identityOf(to),
  changes: 0,
  failed: [],
})

/** What an earlier run left; undefined where there is none. @throws CommandError where the file is not this migration's */
export async function loadCheckpoint(
  file: string,
  from: StoreLocation,
  to: StoreLocation,
): Promise<Checkpoint | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const found = parsed(file, text)
  if (found.from !== identityOf(from) || found.to !== identityOf(to)) {
    throw new CommandError(
      `${file} is the state of a migration from ${found.from} to ${found.to}; name another file with --state`,
    )
  }
  return found
}

function parsed(file: string, text: string): Checkpoint {
  try {
    return parse(JSON.parse(text))
  } catch (error) {
    if (!(error instanceof SyntaxError) && !isPhotosError(error)) throw error
    throw new CommandError(`${file} is not the state of a migration: ${error.message}`)
  }
}

/** Replaces the file as a whole: whatever happens, it is the earlier one or this one, on disk. */
export async function saveCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
  const beside = `${file}.${process.pid}.part`
  const handle = await open(beside, 'w', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(checkpoint, null, 2)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(beside, file)
  await syncFolder(dirname(file))
}

/** The new name is on disk only with the folder. Windows has no such call. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path)
  await folder.sync().finally(() => folder.close())
}
