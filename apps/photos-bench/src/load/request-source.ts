import type { Photo } from 'photos-domain'
import { type DrawIndex, drawIndexes } from '../ids/distribution.js'
import type { Random } from '../ids/random.js'
import { changesData, OPERATIONS, type Operation, type Scenario } from '../scenario/schema.js'
import {
  addedDescription,
  type BenchRequest,
  photosOf,
  RequestWriter,
  updatedDescription,
} from './operations.js'

/** How many ETags a client remembers, to ask again with. */
const REMEMBERED_ETAGS = 1000

export interface SourceOptions {
  readonly scenario: Pick<Scenario, 'workspaces' | 'ids' | 'mix'>
  /** The Host header. */
  readonly host: string
  readonly random: Random
  /** The body of one answer in so many is checked. */
  readonly sampleOneIn: number
  /** The ETag that every answer bears, where the server is a control that has but one. */
  readonly fixedEtag?: string | undefined
}

/**
 * Makes the requests of a scenario: draws the operation from its mix and the workspace from its ids. What an operation
 * needs to have seen before (an ETag, a photo that was added) it learns from the answers.
 */
export class RequestSource {
  readonly #writer: RequestWriter
  readonly #random: Random
  readonly #drawIndex: DrawIndex
  readonly #drawOperation: () => Operation
  readonly #changes: boolean
  readonly #learns: boolean
  readonly #prepared: BenchRequest[] = []
  readonly #etags: { readonly index: number; readonly etag: string }[] = []
  readonly #added: { readonly index: number; readonly photoId: string }[] = []
  readonly #sampleOneIn: number
  readonly #fixedEtag: string | undefined
  #writes = 0

  constructor({ scenario, host, random, sampleOneIn, fixedEtag }: SourceOptions) {
    this.#writer = new RequestWriter(host)
    this.#random = random
    this.#sampleOneIn = sampleOneIn
    this.#fixedEtag = fixedEtag
    this.#changes = changesData(scenario)
    this.#learns = this.#changes || (scenario.mix.revalidate ?? 0) > 0
    this.#drawIndex = drawIndexes(scenario.ids, scenario.workspaces, random)
    this.#drawOperation = drawOperations(scenario.mix, random)
  }

  /**
   * Makes requests ahead, so that making them costs the generator nothing while it measures. Those of a mix that learns
   * from answers are made when they are due.
   */
  prepare(count: number): void {
    if (this.#learns) return
    for (let i = this.#prepared.length; i < count; i++) this.#prepared.push(this.#make())
  }

  next(): BenchRequest {
    return this.#prepared.pop() ?? this.#make()
  }

  /** Remembers the ETag of an answer, for a later request with If-None-Match. */
  learnEtag(index: number, etag: string): void {
    const place =
      this.#etags.length < REMEMBERED_ETAGS ? this.#etags.length : this.#random.below(REMEMBERED_ETAGS)
    this.#etags[place] = { index, etag }
  }

  /** Remembers a photo that was added, for a later request that removes it. */
  learnAdded(index: number, photoId: string): void {
    this.#added.push({ index, photoId })
  }

  #make(): BenchRequest {
    const index = this.#drawIndex()
    const sampled = this.#random.below(this.#sampleOneIn) === 0
    const operation = this.#drawOperation()
    switch (operation) {
      case 'collection':
        return this.#writer.collection(index, sampled)
      case 'photo':
        return this.#writer.photo(index, this.#onePhoto(index), sampled)
      case 'revalidate':
        return this.#revalidate(index, sampled)
      case 'add':
        return this.#add(index)
      case 'update': {
        const description = updatedDescription(index, this.#writes++)
        return this.#writer.update(index, { ...this.#onePhoto(index), description }, sampled)
      }
      case 'remove': {
        // Only what was added is removed, so the samples stay and lists do not drift in length.
        const photo = this.#added.shift()
        return photo === undefined ? this.#add(index) : this.#writer.remove(photo.index, photo.photoId)
      }
    }
  }

  #onePhoto(index: number): Photo {
    const photos = photosOf(index)
    return photos[this.#random.below(photos.length)] ?? photos[0]
  }

  #add(index: number): BenchRequest {
    const nth = this.#writes++
    const url = `https://picsum.photos/seed/bench-${nth}/800/600`
    return this.#writer.add(index, { url, description: addedDescription(index, nth) })
  }

  /** The remembered ones were drawn as all are, so one of them at random is drawn from the same distribution. */
  #revalidate(index: number, sampled: boolean): BenchRequest {
    if (this.#fixedEtag !== undefined) {
      return this.#writer.revalidate(index, this.#fixedEtag, sampled, false)
    }
    const known = this.#etags[this.#random.below(REMEMBERED_ETAGS)]
    return known === undefined
      ? { ...this.#writer.collection(index, true), operation: 'revalidate' }
      : this.#writer.revalidate(known.index, known.etag, sampled, this.#changes)
  }
}

function drawOperations(mix: Scenario['mix'], random: Random): () => Operation {
  const wanted = OPERATIONS.filter((operation) => (mix[operation] ?? 0) > 0)
  const [only = 'collection'] = wanted
  if (wanted.length <= 1) return () => only
  const total = wanted.reduce((sum, operation) => sum + (mix[operation] ?? 0), 0)
  return () => {
    let point = random.fraction() * total
    for (const operation of wanted) {
      point -= mix[operation] ?? 0
      if (point < 0) return operation
    }
    return only
  }
}
