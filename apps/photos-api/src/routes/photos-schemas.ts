import { NewPhoto, Photo, PhotoId, PhotoList, PhotoPatch, WorkspaceId } from 'photos-domain'
import Type from 'typebox'
import { Problem } from '../http/problem.js'

const tags = ['photos']
const InWorkspace = Type.Object({ workspaceId: WorkspaceId })
const OnePhoto = Type.Object({ workspaceId: WorkspaceId, id: PhotoId })

const Conditions = Type.Object({
  'if-match': Type.Optional(
    Type.String({ description: 'Write only if the ETag is one of these; otherwise 412.' }),
  ),
  'if-none-match': Type.Optional(
    Type.String({ description: 'Write only if the ETag is none of these; otherwise 412.' }),
  ),
})
const Revalidation = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: 'The ETag of the copy at hand: 304 if it is still good.' }),
  ),
  'cache-control': Type.Optional(
    Type.String({
      description:
        '`no-cache` reads past every cache of the service; not without limit, and Cache-Status tells.',
    }),
  ),
})
const AddHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description:
        'Sent again with the same body it gives the same photo, once only; with another body, 422.',
    }),
  ),
  ...Conditions.properties,
})

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
})
const json = <S>(description: string, schema: S) => ({
  description,
  content: { 'application/json': { schema } },
})

const invalid = problem('Not a valid request; every field at fault is named.')
const noPhoto = problem('The workspace has no such photo.')
const moved = problem('The record is at another version than If-Match names.')
const unavailable = problem('The store cannot answer now; Retry-After says when to try again.')
const notModified = { description: 'The copy that If-None-Match names is still good.', type: 'null' }

export const listPhotos = {
  tags,
  summary: 'The photos of a workspace, newest first',
  params: InWorkspace,
  headers: Revalidation,
  response: {
    200: json('The photos; `[]` where there are none.', PhotoList),
    304: notModified,
    400: invalid,
    503: unavailable,
  },
}

export const getPhoto = {
  tags,
  summary: 'One photo',
  params: OnePhoto,
  headers: Revalidation,
  response: {
    200: json('The photo.', Photo),
    304: notModified,
    400: invalid,
    404: noPhoto,
    503: unavailable,
  },
}

export const addPhoto = {
  tags,
  summary: 'Add a photo to a workspace',
  params: InWorkspace,
  headers: AddHeaders,
  body: NewPhoto,
  response: {
    201: json('The photo that was added; Location is its URL.', Photo),
    400: invalid,
    409: problem('The workspace is full.'),
    412: moved,
    413: problem('The body is too large.'),
    415: problem('The body is not application/json.'),
    422: problem('The Idempotency-Key was used before with another body.'),
    503: unavailable,
  },
}

export const updatePhoto = {
  tags,
  summary: 'Change fields of a photo',
  params: OnePhoto,
  headers: Conditions,
  body: PhotoPatch,
  response: {
    200: json('The photo as it is now.', Photo),
    400: invalid,
    404: noPhoto,
    412: moved,
    413: problem('The body is too large.'),
    415: problem('The body is not application/json.'),
    503: unavailable,
  },
}

const gone = { description: 'It is gone.', type: 'null' }

export const removePhoto = {
  tags,
  summary: 'Remove a photo',
  params: OnePhoto,
  headers: Conditions,
  response: { 204: gone, 400: invalid, 404: noPhoto, 412: moved, 503: unavailable },
}

export const clearWorkspace = {
  tags,
  summary: 'Remove every photo of a workspace at once',
  params: InWorkspace,
  headers: Conditions,
  response: { 204: gone, 400: invalid, 412: moved, 503: unavailable },
}
