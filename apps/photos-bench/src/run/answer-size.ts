import { encodePhoto, encodePhotos } from 'photos-domain'
import { Random } from '../ids/random.js'
import { photosOf } from '../load/operations.js'
import { RequestSource } from '../load/request-source.js'
import type { Scenario } from '../scenario/schema.js'
import { mean } from '../stats/robust.js'

const DRAWS = 2000

/**
 * How long the average body is that a scenario's requests are answered with, in bytes: what a control sends. Answers without a
 * body (304, 204) are left out, as the control sends them likewise.
 */
export function averageAnswerBytes(
  scenario: Pick<Scenario, 'workspaces' | 'ids' | 'mix'>,
  seed: number,
): number {
  const source = new RequestSource({
    scenario,
    host: 'localhost',
    random: new Random(seed),
    sampleOneIn: 1,
  })
  const lengths: number[] = []
  for (let i = 0; i < DRAWS; i++) {
    const { operation, index, photo } = source.next()
    if (operation === 'collection') lengths.push(encodePhotos(photosOf(index)).length)
    else if (photo !== undefined) lengths.push(encodePhoto(photo).length)
    else if (operation === 'add') lengths.push(encodePhoto(photosOf(index)[0]).length)
  }
  return lengths.length === 0 ? 0 : Math.round(mean(lengths))
}
