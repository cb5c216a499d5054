import { legacyWorkspaces } from 'photos-couchdb'

export interface LegacyInputOptions {
  /** A document that is not of the layout is left out. */
  readonly onSkipped: (documentId: string) => void
  readonly onProgress: (workspaces: number) => void
  readonly signal: AbortSignal
}

/** What an import reads from a database in the original layout. */
export interface LegacyInput {
  /** One line of NDJSON each, as an import from a file reads them. */
  readonly lines: AsyncIterable<Buffer>
  /** Where a line came from, for a person. */
  origin(lineNumber: number): string
}

/** Of so many lines it is known where they came from: far more than are ever in flight. */
const ORIGINS_KEPT = 65_536

/** Opens a database in the original layout: documents `{ workspace_id, photos: […] }` under random ids. Nothing is read yet. */
export function legacyInput(url: string, options: LegacyInputOptions): LegacyInput {
  const origins = new Map<number, string>()
  let number = 0
  async function* lines(): AsyncGenerator<Buffer, void, undefined> {
    const { onSkipped, onProgress, signal } = options
    for await (const { workspaceId, photos, documentIds } of legacyWorkspaces(url, { onSkipped, signal })) {
      number++
      const documents = `${documentIds.length === 1 ? 'document' : 'documents'} ${documentIds.join(', ')}`
      origins.set(number, `${documents} (workspace ${workspaceId})`)
      origins.delete(number - ORIGINS_KEPT)
      onProgress(number)
      yield Buffer.from(`${JSON.stringify({ workspaceId, photos })}\n`)
    }
  }
  return {
    lines: lines(),
    origin: (lineNumber) => origins.get(lineNumber) ?? `workspace ${lineNumber}`,
  }
}
