import t from 'tap'
import { World } from '../simulation/world.js'

t.test(
  'without the store, what is cached is answered for 60 s and marked stale, and what is not is unavailable',
  async (t) => {
    const world = new World()
    const replica = await world.start()
    const written = await world.write(replica, 'cached')
    t.equal((await world.read(replica, 'cached')).stale, undefined)
    replica.store.cut()
    const cutAtMs = world.simulation.nowMs

    t.equal(await world.codeOfRead(replica, 'not cached'), 'REPOSITORY_UNAVAILABLE')
    await t.rejects(world.write(replica, 'cached'), { code: 'REPOSITORY_UNAVAILABLE' })
    // Until a second has passed it is still known to be current.
    await world.simulation.advance(1000)
    for (let at = 0; world.simulation.nowMs < cutAtMs + 59_000; at++) {
      const record = await world.read(replica, 'cached')
      t.match(
        record,
        { version: written, stale: true, cacheStatus: 'photos; fwd=stale; detail=memory' },
        `read ${at}`,
      )
      await world.simulation.advance(5000)
    }
    await world.simulation.advance(cutAtMs + 62_000 - world.simulation.nowMs)
    t.equal(await world.codeOfRead(replica, 'cached'), 'REPOSITORY_UNAVAILABLE', 'and no longer')
    t.equal(await world.codeOfRead(replica, 'not cached'), 'REPOSITORY_UNAVAILABLE')

    replica.store.heal()
    await world.simulation.advance(2000)
    const back = await world.read(replica, 'cached')
    t.match(back, { version: written, stale: undefined })
    t.equal(Buffer.from(back.photos).toString(), Buffer.from(world.store.get('cached').photos).toString())
  },
)

t.test('without the store, what is only in Redis is answered too, marked stale', async (t) => {
  const world = new World()
  const writer = await world.start()
  const reader = await world.start()
  const written = await world.write(writer, 'w')
  for (const replica of [writer, reader]) replica.store.cut()
  await world.simulation.advance(2000)
  const first = await world.read(reader, 'w')
  t.match(first, { version: written, stale: true, cacheStatus: 'photos; fwd=stale; detail=redis' })
  t.match(
    await world.read(reader, 'w'),
    { version: written, stale: true, cacheStatus: /detail=memory/ },
    'then in process',
  )
  await world.simulation.advance(60_000)
  t.equal(await world.codeOfRead(reader, 'w'), 'REPOSITORY_UNAVAILABLE')
})

t.test('without the store, nothing is answered that is known to be out of date', async (t) => {
  const world = new World()
  const writer = await world.start()
  const reader = await world.start()
  await world.write(writer, 'w')
  await world.read(reader, 'w')
  // The reader hears of it, and cannot read it: neither from the store nor from Redis.
  world.server.model.hasRoom = false
  world.writeElsewhere('w')
  await world.simulation.advance(200)
  reader.store.cut()
  await world.simulation.advance(2000)
  t.equal(await world.codeOfRead(reader, 'w'), 'REPOSITORY_UNAVAILABLE')
})

t.test('what Redis may lack is not answered stale once the feed that would tell is gone', async (t) => {
  const world = new World()
  const replica = await world.start()
  const old = await world.write(replica, 'w')
  const { model } = world.server
  const { put, raise } = model
  const others = async (): Promise<void> => {
    for (const id of ['a', 'b', 'c', 'd']) await world.read(replica, id)
  }
  await others()
  await world.simulation.advance(1000)

  // A newer version is read from the store, Redis takes nothing in, and the feed breaks before it has told.
  const newer = world.writeElsewhere('w')
  replica.store.cutFeed()
  model.put = () => {}
  model.raise = () => {}
  replica.driver.silenceCommands()
  t.match(await world.read(replica, 'w', { fresh: true }), { version: newer })
  await world.simulation.advance(100)
  replica.driver.heal()
  model.put = put.bind(model)
  model.raise = raise.bind(model)
  // The memory has no room for it any more.
  await others()
  t.match(model.get('w'), { version: old }, 'Redis has the older one')
  replica.store.cut()
  await world.simulation.advance(2000)
  t.equal(await world.codeOfRead(replica, 'w'), 'REPOSITORY_UNAVAILABLE')
  t.match(await world.read(replica, 'd'), { version: '0', stale: true }, 'what is in the memory still is')
})

t.test('a store that takes too long is not waited for where something can be answered instead', async (t) => {
  const world = new World()
  const replica = await world.start({ memoryLifeMs: 1000 })
  const written = await world.write(replica, 'w')
  await world.simulation.advance(1200)
  // The entry has expired, Redis has lost it, and the store takes its time.
  world.server.model.slots.clear()
  world.simulation.isCalm = false
  replica.store.longestMs = 100_000
  replica.store.minimumMs = 5000
  const startedMs = world.simulation.nowMs
  const record = await world.read(replica, 'w')
  t.match(record, { version: written, stale: true })
  t.ok(world.simulation.nowMs - startedMs < 2000, `after ${world.simulation.nowMs - startedMs} ms`)
  const againMs = world.simulation.nowMs
  t.match(await world.read(replica, 'w'), { version: written, stale: true })
  t.ok(world.simulation.nowMs - againMs <= 50, 'the next reader does not wait at all')
})

t.test('with staleIfErrorMs 0, an outage is an outage', async (t) => {
  const world = new World()
  const replica = await world.start({ staleIfErrorMs: 0 })
  await world.write(replica, 'w')
  replica.store.cut()
  await world.simulation.advance(2000)
  t.equal(await world.codeOfRead(replica, 'w'), 'REPOSITORY_UNAVAILABLE')
})
