import {
  type InvalidField,
  invalidInput,
  MAX_DESCRIPTION_LENGTH,
  MAX_URL_LENGTH,
  PhotoList,
  parserOf,
  WorkspaceId,
} from 'photos-domain'
import Type, { type Static } from 'typebox'

/** One line of an import. */
const WorkspaceLine = Type.Object(
  { workspaceId: WorkspaceId, photos: PhotoList },
  { additionalProperties: false },
)
export type WorkspaceLine = Static<typeof WorkspaceLine>

const parseFields = parserOf(WorkspaceLine)
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The workspace that a line describes.
 * @throws PhotosError `INVALID_INPUT` naming every field that fails
 */
export function parseWorkspaceLine(bytes: Uint8Array, maxPhotos: number): WorkspaceLine {
  const line = parseFields(parseJson(decode(bytes)))
  const problems = [...tooManyPhotos(line, maxPhotos), ...repeatedIds(line)]
  if (problems.length > 0) throw invalidInput(problems)
  return line
}

/**
 * The most bytes that a valid line can have, roughly: each character of a URL may be written `\u0041`, each code point of a
 * description as two of these.
 */
export const maxLineBytes = (maxPhotos: number): number =>
  1024 + maxPhotos * (1024 + 6 * MAX_URL_LENGTH + 12 * MAX_DESCRIPTION_LENGTH)

export const lineTooLong = (maxBytes: number) => wholeLine(`is longer than ${maxBytes} bytes`)

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw wholeLine('is not valid UTF-8')
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw wholeLine(`is not JSON: ${error instanceof Error ? error.message : error}`)
  }
}

const wholeLine = (message: string) => invalidInput([{ field: '', message }])

function tooManyPhotos({ photos }: WorkspaceLine, maxPhotos: number): InvalidField[] {
  if (photos.length <= maxPhotos) return []
  return [{ field: 'photos', message: `are ${photos.length}; a workspace holds at most ${maxPhotos}` }]
}

function repeatedIds({ photos }: WorkspaceLine): InvalidField[] {
  const firstWith = new Map<string, number>()
  const problems: InvalidField[] = []
  for (const [index, { id }] of photos.entries()) {
    const first = firstWith.get(id)
    if (first === undefined) firstWith.set(id, index)
    else problems.push({ field: `photos.${index}.id`, message: `is the same as photos.${first}.id` })
  }
  return problems
}
