import { sampleWorkspaceId } from 'photos-samples'
import { SetupError } from '../errors.js'
import type { SubjectContext } from './subject.js'

const READERS = 256

/** Reads every workspace once, so that each is in Redis. */
export async function readAll(
  origin: string,
  { workspaces, progress }: Pick<SubjectContext, 'workspaces' | 'progress'>,
): Promise<void> {
  let next = 0
  const reader = async (): Promise<void> => {
    while (next < workspaces) {
      const index = next++
      const answer = await fetch(`${origin}/api/photos/workspace/${sampleWorkspaceId(index)}`)
      await answer.arrayBuffer()
      if (!answer.ok) throw new SetupError(`status ${answer.status} for sample workspace ${index}`)
      if (index % 10_000 === 0) progress(`filling Redis: ${index} of ${workspaces} workspaces`)
    }
  }
  await Promise.all(Array.from({ length: READERS }, reader))
}
