import type { Photo } from 'photos-domain'
import { samplePhotos, sampleWorkspaceId } from 'photos-samples'
import type { Operation } from '../scenario/schema.js'

const BASE = '/api/photos'

/** One request as autocannon's client writes it, with what its answer is checked against. */
export interface BenchRequest {
  /** The bytes on the wire. autocannon reads this name. */
  readonly requestBuffer: Buffer
  readonly operation: Operation
  /** The workspace's index among the samples. */
  readonly index: number
  /** The photo that the request is about, where it is about one. */
  readonly photo?: Photo | undefined
  /** Whether the body of the answer is checked. The status of every answer is. */
  readonly sampled: boolean
  /** The status codes that are right. */
  readonly expected: readonly number[]
}

const OK = [200]
const CREATED = [201]
const NO_CONTENT = [204]
const OK_OR_NOT_MODIFIED = [200, 304]
const NOT_MODIFIED = [304]

/** Writes requests of the service's API (HTTP/1.1, RFC 9112) for one server. */
export class RequestWriter {
  readonly #tail: string

  constructor(host: string) {
    this.#tail = ` HTTP/1.1\r\nHost: ${host}\r\n`
  }

  collection(index: number, sampled: boolean): BenchRequest {
    const requestBuffer = this.#head('GET', this.#workspacePath(index))
    return { requestBuffer, operation: 'collection', index, sampled, expected: OK }
  }

  photo(index: number, photo: Photo, sampled: boolean): BenchRequest {
    const requestBuffer = this.#head('GET', this.#photoPath(index, photo.id))
    return { requestBuffer, operation: 'photo', index, photo, sampled, expected: OK }
  }

  /** Asks with an ETag. Where others write meanwhile, 200 with the changed photos is as right as 304. */
  revalidate(index: number, etag: string, sampled: boolean, mayHaveChanged: boolean): BenchRequest {
    const requestBuffer = this.#head('GET', this.#workspacePath(index), `If-None-Match: ${etag}\r\n`)
    const expected = mayHaveChanged ? OK_OR_NOT_MODIFIED : NOT_MODIFIED
    return { requestBuffer, operation: 'revalidate', index, sampled, expected }
  }

  add(index: number, photo: Omit<Photo, 'id'>): BenchRequest {
    const requestBuffer = this.#withBody('POST', this.#workspacePath(index), photo)
    return { requestBuffer, operation: 'add', index, sampled: true, expected: CREATED }
  }

  update(index: number, photo: Photo, sampled: boolean): BenchRequest {
    const { description } = photo
    const requestBuffer = this.#withBody('PUT', this.#photoPath(index, photo.id), { description })
    return { requestBuffer, operation: 'update', index, photo, sampled, expected: OK }
  }

  remove(index: number, photoId: string): BenchRequest {
    const requestBuffer = this.#head('DELETE', this.#photoPath(index, photoId))
    return { requestBuffer, operation: 'remove', index, sampled: false, expected: NO_CONTENT }
  }

  #workspacePath(index: number): string {
    return `${BASE}/workspace/${sampleWorkspaceId(index)}`
  }

  #photoPath(index: number, photoId: string): string {
    return `${BASE}/${sampleWorkspaceId(index)}/${photoId}`
  }

  #head(method: string, path: string, headers = ''): Buffer {
    return Buffer.from(`${method} ${path}${this.#tail}${headers}\r\n`, 'latin1')
  }

  #withBody(method: string, path: string, value: object): Buffer {
    const body = JSON.stringify(value)
    const headers = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
    return Buffer.from(`${method} ${path}${this.#tail}${headers}\r\n${body}`)
  }
}

/** The photos of a sample workspace, newest first; there is at least one. */
export function photosOf(index: number): readonly [Photo, ...Photo[]] {
  const [first, ...rest] = samplePhotos(index)
  if (first === undefined) throw new Error(`sample workspace ${index} is empty`)
  return [first, ...rest]
}

/** What the benchmark writes says whose it is, so that an answer that mixes workspaces up is found. */
export const addedDescription = (index: number, nth: number): string =>
  `Added to ${sampleWorkspaceId(index)} by the benchmark: ${nth}`
export const updatedDescription = (index: number, nth: number): string =>
  `Updated in ${sampleWorkspaceId(index)} by the benchmark: ${nth}`
export const isAddedTo = (index: number, description: string): boolean =>
  description.startsWith(`Added to ${sampleWorkspaceId(index)} by`)
export const isUpdatedIn = (index: number, description: string): boolean =>
  description.startsWith(`Updated in ${sampleWorkspaceId(index)} by`)
