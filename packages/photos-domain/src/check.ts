import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { type InvalidField, invalidInput } from './errors.js'
import { NewPhoto, PHOTO_ID_PATTERN, PhotoList, PhotoPatch, WORKSPACE_ID_PATTERN } from './model.js'

/**
 * Makes a check of unknown values against a schema. The check returns every field that fails and why; none when the value
 * is right. The schema is compiled at the first use.
 */
export function checkOf(schema: TSchema): (value: unknown) => readonly InvalidField[] {
  let compiled: ReturnType<typeof Compile> | undefined
  return (value) => {
    compiled ??= Compile(schema)
    return compiled.Check(value) ? [] : compiled.Errors(value).flatMap(toInvalidFields)
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
/** @throws PhotosError `INVALID_INPUT` */
export const parsePhotoList: (value: unknown) => PhotoList = /* @__PURE__ */ parserOf(PhotoList)

const workspaceId = /* @__PURE__ */ new RegExp(WORKSPACE_ID_PATTERN)
const photoId = /* @__PURE__ */ new RegExp(PHOTO_ID_PATTERN)

export const isWorkspaceId = (value: unknown): value is string =>
  typeof value === 'string' && workspaceId.test(value)
export const isPhotoId = (value: unknown): value is string => typeof value === 'string' && photoId.test(value)

interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}

/** Turns an error of the validator into the fields a client knows: a missing or an unknown field is named itself. */
function toInvalidFields({ keyword, instancePath, params, message }: SchemaError): InvalidField[] {
  const at = instancePath.slice(1).replaceAll('/', '.')
  const inside = (name: string): string => (at === '' ? name : `${at}.${name}`)
  if ('requiredProperties' in params) {
    return (params.requiredProperties as string[]).map((name) => ({
      field: inside(name),
      message: 'is required',
    }))
  }
  if ('additionalProperties' in params) {
    const names = params.additionalProperties as string[]
    return names.map((name) => ({ field: inside(name), message: 'is not a known field' }))
  }
  // The validator also reports each unknown field as matching the schema `false`: said above, once.
  if (keyword === 'boolean') return []
  if (keyword === 'minProperties') return [{ field: at, message: 'must have at least one field' }]
  return [{ field: at, message }]
}
