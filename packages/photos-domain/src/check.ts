import type { Static, TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { Settings } from 'typebox/system'
import { type InvalidField, invalidInput } from './errors.js'
import { PHOTO_ID_MESSAGE, URL_MESSAGE, WORKSPACE_ID_MESSAGE } from './messages.js'
import {
  HTTP_URL_PATTERN,
  NewPhoto,
  PHOTO_ID_PATTERN,
  PhotoList,
  PhotoPatch,
  WORKSPACE_ID_PATTERN,
} from './model.js'

/**
 * Makes a check of unknown values against a schema. The check returns every field that fails and why; none when the value
 * is right. The schema is compiled at the first use.
 */
export function checkOf(schema: TSchema): (value: unknown) => readonly InvalidField[] {
  let compiled: Validator | undefined
  return (value) => {
    compiled ??= Compile(schema)
    return compiled.Check(value) ? [] : invalidFields(compiled, value)
  }
}

/** Makes a parser: the value itself, typed, or `INVALID_INPUT` naming every failing field. */
export function parserOf<S extends TSchema>(schema: S): (value: unknown) => Static<S> {
  const check = checkOf(schema)
  return (value) => {
    const fields = check(value)
    if (fields.length > 0) throw invalidInput(fields)
    return value as Static<S>
  }
}

/** @throws PhotosError `INVALID_INPUT` */
export const parseNewPhoto: (value: unknown) => NewPhoto = /* @__PURE__ */ parserOf(NewPhoto)
/** @throws PhotosError `INVALID_INPUT` */
export const parsePhotoPatch: (value: unknown) => PhotoPatch = /* @__PURE__ */ parserOf(PhotoPatch)

const parsePhotos: (value: unknown) => PhotoList = /* @__PURE__ */ parserOf(PhotoList)

/** The photos of one workspace, as an import brings them. @throws PhotosError `INVALID_INPUT`, also for an id that repeats */
export function parsePhotoList(value: unknown): PhotoList {
  const photos = parsePhotos(value)
  const ids = new Set<string>()
  const repeated = photos.flatMap(({ id }, index) => {
    if (ids.has(id)) return [{ field: `${index}.id`, message: 'is the id of an earlier photo' }]
    ids.add(id)
    return []
  })
  if (repeated.length > 0) throw invalidInput(repeated)
  return photos
}

const workspaceId = /* @__PURE__ */ new RegExp(WORKSPACE_ID_PATTERN)
const photoId = /* @__PURE__ */ new RegExp(PHOTO_ID_PATTERN)

export const isWorkspaceId = (value: unknown): value is string =>
  typeof value === 'string' && workspaceId.test(value)
export const isPhotoId = (value: unknown): value is string => typeof value === 'string' && photoId.test(value)

/** Never empty: what the validator refuses is refused, also should it give no reason. */
function invalidFields(validator: Validator, value: unknown): readonly InvalidField[] {
  const fields = new Map<string, InvalidField>()
  for (const field of everyError(validator, value).flatMap(toInvalidFields)) {
    fields.set(`${field.field} ${field.message}`, field)
  }
  return fields.size > 0 ? [...fields.values()] : [{ field: '', message: 'is not valid' }]
}

/** TypeBox stops at the eighth error unless told otherwise. Its settings are for all its users, so they are put back. */
function everyError(validator: Validator, value: unknown): TLocalizedValidationError[] {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: Number.POSITIVE_INFINITY })
  try {
    return validator.Errors(value)
  } finally {
    Settings.Set({ maxErrors })
  }
}

/** Turns an error of the validator into the fields a client knows: a missing or an unknown field is named itself. */
function toInvalidFields(error: TLocalizedValidationError): InvalidField[] {
  const field = error.instancePath.slice(1).replaceAll('/', '.')
  const inside = (name: string): string => (field === '' ? name : `${field}.${name}`)
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((name) => ({ field: inside(name), message: 'is required' }))
    case 'additionalProperties':
      return error.params.additionalProperties.map((name) => ({
        field: inside(name),
        message: 'is not a known field',
      }))
    case 'boolean':
      // Each unknown field is also reported as failing the schema `false`: said above, once.
      return []
    default:
      return [{ field, message: messageOf(error) }]
  }
}

function messageOf(error: TLocalizedValidationError): string {
  if (error.keyword === 'minProperties' && error.params.limit === 1) return 'must have at least one field'
  if (error.keyword === 'minLength' && error.params.limit === 1) return 'must not be empty'
  if (error.keyword === 'format' && error.params.format === 'uri') return URL_MESSAGE
  if (error.keyword === 'pattern') return patternMessage(String(error.params.pattern)) ?? error.message
  return error.message
}

function patternMessage(pattern: string): string | undefined {
  if (pattern === WORKSPACE_ID_PATTERN) return WORKSPACE_ID_MESSAGE
  if (pattern === PHOTO_ID_PATTERN) return PHOTO_ID_MESSAGE
  return pattern === HTTP_URL_PATTERN ? URL_MESSAGE : undefined
}
