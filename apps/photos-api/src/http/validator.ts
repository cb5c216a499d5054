import type { FastifySchemaCompiler } from 'fastify'
import { checkOf, invalidInput } from 'photos-domain'
import type { TSchema } from 'typebox'

/** Lets Fastify validate with the domain's own checks: nothing is coerced, nothing is dropped, every fault is named. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  // Headers are read, and refused by name, where they are used: their schemas are for the OpenAPI document.
  if (httpPart === 'headers') return () => true
  const check = checkOf(schema)
  return (value: unknown) => {
    const fields = check(value)
    return fields.length === 0 || { error: invalidInput(fields) }
  }
}
