import { createHash } from 'node:crypto'
import { sampleContent } from 'photos-samples'

/** Changes whenever the samples do, so that a store of older ones is not taken for theirs. */
export function samplesFingerprint(): string {
  const hash = createHash('sha256')
  for (let index = 0; index < 64; index++) hash.update(sampleContent(index).photos)
  return hash.digest('hex').slice(0, 8)
}
