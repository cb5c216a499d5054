import { Validator } from '@seriousme/openapi-schema-validator'
import { test } from 'tap'
import { openApp } from './helpers/app.js'

test('the OpenAPI document is valid and describes every route', async (t) => {
  const { app } = await openApp(t)
  const answer = await app.inject('/openapi.json')
  const document = answer.json()
  const { valid, errors } = await new Validator().validate(document)
  t.ok(valid, JSON.stringify(errors))
  const operations = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  t.same(operations.sort(), [
    'DELETE /api/photos/workspace/{workspaceId}',
    'DELETE /api/photos/{workspaceId}/{id}',
    'GET /api/photos/workspace/{workspaceId}',
    'GET /api/photos/{workspaceId}/{id}',
    'GET /health/live',
    'GET /health/ready',
    'GET /metrics',
    'POST /api/photos/workspace/{workspaceId}',
    'PUT /api/photos/{workspaceId}/{id}',
  ])
  const post = document.paths['/api/photos/workspace/{workspaceId}'].post
  t.same(post.requestBody.content['application/json'].schema.required, ['url', 'description'])
  t.equal(post.requestBody.content['application/json'].schema.additionalProperties, false)
  t.ok(post.responses['422'].content['application/problem+json'].schema)
})
