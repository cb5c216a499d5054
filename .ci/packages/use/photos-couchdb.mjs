import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { openCouchdbRepository } from 'photos-couchdb'
import { isPhotosError } from 'photos-domain'

// A port on which nobody listens any more: a database that is down.
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()
server.close()
await once(server, 'close')

const repository = await openCouchdbRepository({ urls: [`http://127.0.0.1:${port}/photos`] })
await assert.rejects(
  async () => repository.read('acme'),
  (error) => isPhotosError(error, 'REPOSITORY_UNAVAILABLE'),
)
await repository.close()
