/* A process with repositories: it does what its parent asks of it over IPC, until that disconnects. */
import { isPhotosError, type PhotoRepository, type ScanOptions, type WorkspaceRecord } from 'photos-domain'
import { openLmdbRepository } from 'photos-lmdb'
import type { Answer, Call, IterationCall, Request } from '../helpers/remote-calls.js'

const repositories = new Map<number, PhotoRepository>()
const iterations = new Map<number, { iterator: AsyncIterator<unknown>; abort: AbortController }>()

async function perform(call: Call): Promise<unknown> {
  switch (call.method) {
    case 'open':
      repositories.set(call.repository, await openLmdbRepository({ path: call.path }))
      return undefined
    case 'read':
      return sendable(await repositoryOf(call).read(call.workspaceId))
    case 'write':
      return repositoryOf(call).write(call.workspaceId, call.content, call.expected)
    case 'changes':
    case 'scan':
      return begin(call)
    case 'next':
      return iterations.get(call.iteration)?.iterator.next()
    case 'return':
      return iterations.get(call.iteration)?.iterator.return?.()
    case 'abort':
      return iterations.get(call.iteration)?.abort.abort()
    default:
      return repositoryOf(call)[call.method]()
  }
}

function begin(call: IterationCall): void {
  const abort = new AbortController()
  const options = { ...call.options, signal: abort.signal }
  const repository = repositoryOf(call)
  const iterable: AsyncIterable<unknown> =
    call.method === 'scan' ? sendableScan(repository, options) : repository.changes(options)
  iterations.set(call.iteration, { iterator: iterable[Symbol.asyncIterator](), abort })
}

/** A getter does not go from process to process. */
const sendable = ({ version, photos, receipts }: WorkspaceRecord): WorkspaceRecord => ({
  version,
  photos,
  receipts,
})

async function* sendableScan(repository: PhotoRepository, options: ScanOptions): AsyncGenerator<unknown> {
  for await (const { workspaceId, record } of repository.scan(options)) {
    yield { workspaceId, record: sendable(record) }
  }
}

function repositoryOf(call: { readonly repository: number }): PhotoRepository {
  const repository = repositories.get(call.repository)
  if (repository === undefined) throw new Error(`repository ${call.repository} is not open`)
  return repository
}

async function answerTo({ id, call }: Request): Promise<Answer> {
  try {
    return { id, value: await perform(call) }
  } catch (error) {
    if (isPhotosError(error)) return { id, code: error.code, message: error.message }
    throw error
  }
}

process.on('message', async (request: Request) => {
  process.send?.(await answerTo(request))
})
