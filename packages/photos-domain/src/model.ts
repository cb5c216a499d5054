import Type, { type Static } from 'typebox'

/** The most characters a photo's URL may have. */
export const MAX_URL_LENGTH = 2048
/** The most characters (Unicode code points) a photo's description may have. */
export const MAX_DESCRIPTION_LENGTH = 2000
/** The most photos a workspace holds unless the service is told otherwise. */
export const DEFAULT_MAX_PHOTOS_PER_WORKSPACE = 1000

/** 1 to 64 of `A-Z a-z 0-9 _ -`, not starting with `_` or `-`, and never the word `workspace`: that is a route. */
export const WORKSPACE_ID_PATTERN = '^(?!workspace$)[A-Za-z0-9][A-Za-z0-9_-]{0,63}$'
/** 1 to 64 of `A-Z a-z 0-9 _ -`, not starting with `_` or `-`. */
export const PHOTO_ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$'
/**
 * The scheme is case-insensitive (RFC 3986, section 3.1), and a host must follow, after the user's name if there is one:
 * an http URL without a host is invalid (RFC 9110, section 4.2.1).
 */
export const HTTP_URL_PATTERN = '^[Hh][Tt][Tt][Pp][Ss]?://([^/?#@]*@)?[^/?#@:][^/?#@]*([/?#]|$)'

export const WorkspaceId = Type.String({
  pattern: WORKSPACE_ID_PATTERN,
  description: 'Names a workspace: 1 to 64 of A-Z a-z 0-9 _ -, not starting with _ or -.',
  examples: ['acme-design'],
})
export type WorkspaceId = Static<typeof WorkspaceId>

export const PhotoId = Type.String({
  pattern: PHOTO_ID_PATTERN,
  description: 'Names a photo within its workspace. The service makes UUIDs; imported photos keep their own.',
  examples: ['0b8b1a52-6a4f-4d0e-9d0c-1f6f1f6b7a55'],
})
export type PhotoId = Static<typeof PhotoId>

const PhotoUrl = Type.String({
  format: 'uri',
  pattern: HTTP_URL_PATTERN,
  maxLength: MAX_URL_LENGTH,
  description: 'Where the picture is: an absolute http or https URL (RFC 3986).',
  examples: ['https://picsum.photos/id/237/800/600'],
})

/** Half a surrogate pair has no UTF-8, and not every store or client takes it (RFC 8259, section 8.2). */
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text)

const Description = Type.Refine(
  Type.String({
    minLength: 1,
    maxLength: MAX_DESCRIPTION_LENGTH,
    description: 'What the picture shows.',
    examples: ['A black puppy looks up from a wooden floor'],
  }),
  isWellFormed,
  () => 'must not hold half a surrogate pair',
)

/** One photo record. The order of the keys is the order they are stored and sent in: see `photo-bytes.ts`. */
export const Photo = Type.Object(
  { id: PhotoId, url: PhotoUrl, description: Description },
  { additionalProperties: false, description: 'A photo record.' },
)
export type Photo = Static<typeof Photo>

/** What a client sends to add a photo. */
export const NewPhoto = Type.Object(
  { url: PhotoUrl, description: Description },
  { additionalProperties: false, description: 'A photo to add; the service makes its id.' },
)
export type NewPhoto = Static<typeof NewPhoto>

/** What a client sends to change a photo: at least one field. */
export const PhotoPatch = Type.Object(
  { url: Type.Optional(PhotoUrl), description: Type.Optional(Description) },
  { additionalProperties: false, minProperties: 1, description: 'The fields of a photo to change.' },
)
export type PhotoPatch = Static<typeof PhotoPatch>

/** The photos of a workspace, newest first. */
export const PhotoList = Type.Array(Photo, { description: 'The photos of a workspace, newest first.' })
export type PhotoList = Static<typeof PhotoList>
