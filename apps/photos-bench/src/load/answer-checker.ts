import { encodePhoto, encodePhotos, type Photo } from 'photos-domain'
import { addedDescription, type BenchRequest, isAddedTo, isUpdatedIn, photosOf } from './operations.js'

/** What the bodies of a server are checked against: the sample photos, or so many bytes that are always the same. */
export type Answers = { readonly kind: 'samples' } | { readonly kind: 'fixed'; readonly bytes: number }

/** An answer that is not what it must be. */
export interface WrongAnswer {
  /** Method and path. */
  readonly request: string
  readonly problem: string
}

export function wrongAnswer(request: BenchRequest, problem: string): WrongAnswer {
  const [line = ''] = request.requestBuffer.toString('latin1').split(' HTTP/', 1)
  return { request: line, problem }
}

const decoder = new TextDecoder()
/** How much of a wrong body is shown. */
const EXCERPT_LENGTH = 120

/** Tells whether an answer is right. A server that is fast because it answers something else must not win. */
export class AnswerChecker {
  readonly #answers: Answers
  readonly #changes: boolean

  /** @param changes whether the scenario writes, so that a workspace is not always as it was seeded */
  constructor(answers: Answers, changes: boolean) {
    this.#answers = answers
    this.#changes = changes
  }

  /** What is wrong with an answer; undefined when it is right. */
  check(request: BenchRequest, status: number, body: string): WrongAnswer | undefined {
    const problem = this.#problem(request, status, body)
    return problem === undefined ? undefined : wrongAnswer(request, problem)
  }

  #problem(request: BenchRequest, status: number, body: string): string | undefined {
    if (!request.expected.includes(status)) {
      return `status ${status} instead of ${request.expected.join(' or ')}: ${excerpt(body)}`
    }
    if (!request.sampled) return undefined
    if (status === 304 || status === 204) return body === '' ? undefined : `a body with ${status}`
    if (this.#answers.kind === 'fixed') {
      const { bytes } = this.#answers
      return body.length === bytes ? undefined : `${body.length} bytes instead of ${bytes}`
    }
    return this.#changes ? changedProblem(request, body) : seededProblem(request, body)
  }
}

/** Nothing was written since the seeding: the body is byte for byte what was seeded. */
function seededProblem({ index, photo }: BenchRequest, body: string): string | undefined {
  const expected = decoder.decode(photo === undefined ? encodePhotos(photosOf(index)) : encodePhoto(photo))
  return body === expected ? undefined : `${excerpt(body)} instead of ${excerpt(expected)}`
}

/** Others write at the same time: everything in the body is the seeded photos, or what the benchmark wrote there. */
function changedProblem(request: BenchRequest, body: string): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return `not JSON: ${excerpt(body)}`
  }
  const { index, operation } = request
  if (operation === 'add') {
    return isPhoto(value) && isAddedTo(index, value.description)
      ? undefined
      : `${excerpt(body)} instead of what was added, "${addedDescription(index, 0)}" or a later one`
  }
  const seeded = request.photo === undefined ? photosOf(index) : [request.photo]
  const found = Array.isArray(value) ? value : [value]
  const added = found.length - seeded.length
  if (added < 0) return `${found.length} photos instead of at least ${seeded.length}`
  // Newest first: what was added stands before what was seeded.
  const right = found.every((photo: unknown, place) => {
    const origin = seeded[place - added]
    return (
      isPhoto(photo) &&
      (origin === undefined ? isAddedTo(index, photo.description) : descends(photo, origin, index))
    )
  })
  return right ? undefined : `${excerpt(body)} instead of the photos of sample workspace ${index}`
}

const descends = (photo: Photo, origin: Photo, index: number): boolean =>
  photo.id === origin.id &&
  photo.url === origin.url &&
  (photo.description === origin.description || isUpdatedIn(index, photo.description))

const isPhoto = (value: unknown): value is Photo =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  'url' in value &&
  'description' in value &&
  typeof value.description === 'string'

const excerpt = (text: string): string =>
  text.length <= EXCERPT_LENGTH ? text : `${text.slice(0, EXCERPT_LENGTH)}…`
