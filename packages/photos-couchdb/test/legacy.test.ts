import { type LegacyWorkspace, legacyWorkspaces } from 'photos-couchdb'
import t from 'tap'
import { SeenBefore } from '../dist/seen-before.js'
import { couchdbOf, databaseOf } from './test-database.js'

const couchdb = await couchdbOf(t)
const photo = (id: string) => ({ id, url: `https://x.example/${id}`, description: id })

async function read(url: string | undefined, options: Parameters<typeof legacyWorkspaces>[1] = {}) {
  const workspaces: LegacyWorkspace[] = []
  for await (const workspace of legacyWorkspaces(url ?? '', options)) workspaces.push(workspace)
  return workspaces.toSorted((a, b) => (a.workspaceId < b.workspaceId ? -1 : 1))
}

t.test('each workspace comes once, with the photos of all its documents, each photo once', async (t) => {
  const database = await databaseOf(t, couchdb)
  await database.put(
    { _id: 'r1', workspace_id: 'acme', photos: [photo('c'), photo('a')] },
    { _id: 'r2', workspace_id: 'other', photos: [photo('o')] },
    { _id: 'r3', workspace_id: 'acme', photos: [photo('b'), photo('a')] },
    { _id: 'r4', workspace_id: 'empty', photos: [] },
  )
  t.strictSame(await read(database.urls[0], { pageSize: 2 }), [
    { workspaceId: 'acme', photos: [photo('c'), photo('a'), photo('b')], documentIds: ['r1', 'r3'] },
    { workspaceId: 'empty', photos: [], documentIds: ['r4'] },
    { workspaceId: 'other', photos: [photo('o')], documentIds: ['r2'] },
  ])
})

t.test('what is not of the layout is told once, and design documents are not', async (t) => {
  const database = await databaseOf(t, couchdb)
  await database.put(
    { _id: '_design/v', views: {} },
    { _id: 'x1', photos: [] },
    { _id: 'x2', workspace_id: 7, photos: [] },
    { _id: 'x3', workspace_id: 'w' },
    { _id: 'x4', workspace_id: 'w', photos: {} },
    { _id: 'x5', workspace_id: 'w', photos: [photo('a')] },
  )
  const skipped: string[] = []
  t.equal((await read(database.urls[0], { onSkipped: (id) => skipped.push(id) })).length, 1)
  t.strictSame(skipped, ['x1', 'x2', 'x3', 'x4'])
})

t.test('of many workspaces none is lost and none comes twice', async (t) => {
  const database = await databaseOf(t, couchdb)
  const docs = Array.from({ length: 2000 }, (_, i) => ({
    _id: `r${String((i * 7919) % 2000).padStart(4, '0')}`,
    workspace_id: `w${i % 1500}`,
    photos: [photo(`p${i}`)],
  }))
  for (let from = 0; from < docs.length; from += 500) await database.put(...docs.slice(from, from + 500))
  let progress = 0
  const workspaces = await read(database.urls[0], {
    pageSize: 300,
    onProgress: (count) => (progress += count),
  })
  t.equal(workspaces.length, 1500)
  t.equal(new Set(workspaces.map(({ workspaceId }) => workspaceId)).size, 1500)
  t.equal(
    workspaces.reduce((count, { photos }) => count + photos.length, 0),
    2000,
  )
  t.equal(progress, 4000, 'each document was read twice')
})

t.test('reading ends when its signal aborts, and fails when the database is not there', async (t) => {
  const database = await databaseOf(t, couchdb)
  await database.put(
    { _id: 'r1', workspace_id: 'acme', photos: [] },
    { _id: 'r2', workspace_id: 'b', photos: [] },
  )
  const controller = new AbortController()
  let count = 0
  for await (const _ of legacyWorkspaces(database.urls[0] ?? '', { signal: controller.signal })) {
    count++
    controller.abort()
  }
  t.equal(count, 1)
  await t.rejects(read(`${database.urls[0]}-absent`), { code: 'REPOSITORY_UNAVAILABLE' })
  await t.rejects(read('http://127.0.0.1:1/photos'), { code: 'REPOSITORY_UNAVAILABLE' })
})

t.test('what was seen is never denied, and what was not is seldom claimed', (t) => {
  const seen = new SeenBefore(20_000)
  let claimed = 0
  for (let i = 0; i < 20_000; i++) if (seen.add(`workspace-${i}`)) claimed++
  t.ok(claimed < 40, `${claimed} of 20,000`)
  for (let i = 0; i < 20_000; i++) if (!seen.add(`workspace-${i}`)) t.fail(`workspace-${i} was seen`)
  t.end()
})
