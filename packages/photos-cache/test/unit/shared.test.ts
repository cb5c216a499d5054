import t from 'tap'
import { World } from '../simulation/world.js'

const hitInMemory = 'photos; hit; detail=memory'
const hitInRedis = 'photos; hit; detail=redis'
const miss = 'photos; fwd=uri-miss; stored'

t.test(
  'a record goes from the store to Redis and into the process, and is answered from the nearest',
  async (t) => {
    const world = new World()
    const [one, two] = [await world.start(), await world.start()]
    world.writeElsewhere('w')
    await world.simulation.advance(1000)
    t.match(await world.read(one, 'w'), { version: '1', cacheStatus: miss })
    t.match(await world.read(one, 'w'), { version: '1', cacheStatus: hitInMemory })
    t.match(await world.read(two, 'w'), { version: '1', cacheStatus: hitInRedis })
    t.match(await world.read(two, 'w'), { version: '1', cacheStatus: hitInMemory })
    t.match(await world.read(two, 'w', { fresh: true }), {
      version: '1',
      cacheStatus: 'photos; fwd=request; stored',
    })
    t.match(await world.read(one, 'never written'), { version: '0', cacheStatus: miss }, 'absence too')
    t.match(await world.read(two, 'never written'), { version: '0', cacheStatus: hitInRedis })
  },
)

t.test('a write is seen by every replica within milliseconds, without asking the store', async (t) => {
  const world = new World()
  const [one, two] = [await world.start(), await world.start()]
  await world.write(one, 'w')
  t.match(await world.read(two, 'w'), { version: '1' })
  await world.write(one, 'w')
  t.match(await world.read(one, 'w'), { version: '2', cacheStatus: hitInMemory }, 'by the one that wrote')
  await world.simulation.advance(5)
  t.match(await world.read(two, 'w'), { version: '2', cacheStatus: hitInRedis }, 'by the other one')
})

t.test('a write past all replicas is heard from the feed and told to Redis', async (t) => {
  const world = new World()
  const [one, two] = [await world.start(), await world.start()]
  await world.write(one, 'w')
  await world.read(two, 'w')
  world.writeElsewhere('w')
  await world.simulation.advance(200)
  t.equal(world.server.model.get('w'), undefined, 'Redis has a marker')
  for (const replica of [one, two]) t.match(await world.read(replica, 'w'), { version: '2' })
  const relayed = [one, two].map(({ cache }) => cache.metrics().redis?.relayed ?? 0)
  t.ok(relayed.some((count) => count > 0))
})

t.test('writes through replicas are not told to Redis a second time', async (t) => {
  const world = new World()
  const [one, two] = [await world.start(), await world.start()]
  for (let at = 0; at < 20; at++) await world.write(at % 2 === 0 ? one : two, `w${at % 3}`)
  await world.simulation.advance(200)
  for (const { cache } of [one, two]) t.equal(cache.metrics().redis?.relayed, 0)
})

t.test('who writes without Redis reads what it wrote, and the others hear of it from the feed', async (t) => {
  const world = new World()
  const [one, two] = [await world.start(), await world.start()]
  await world.write(one, 'w')
  await world.read(two, 'w')
  one.driver.cut()
  const written = await world.write(one, 'w')
  await world.simulation.advance(200)
  t.match(await world.read(two, 'w'), { version: written })
  one.driver.heal()
  await world.simulation.advance(3000)
  t.match(await world.read(one, 'w'), { version: written })
  t.equal(one.cache.metrics().redis?.unsettled, 0)
  t.equal(one.cache.metrics().redis?.isTrusted, true)
})

t.test(
  'who could not tell Redis of its write does not read it from there, also when it has forgotten the record',
  async (t) => {
    const world = new World()
    const replica = await world.start()
    await world.write(replica, 'w')
    // The connection is there, and Redis takes nothing in: neither the new record nor a marker.
    const { model } = world.server
    const put = model.put.bind(model)
    replica.store.isFeedDeaf = true
    model.put = () => {}
    replica.driver.silenceCommands()
    const written = await world.write(replica, 'w')
    model.put = put
    replica.driver.heal()
    for (const other of ['a', 'b', 'c', 'd']) await world.read(replica, other)
    t.match(await world.read(replica, 'w'), { version: written })
  },
)

t.test('a replica that starts later goes through what was written while none was running', async (t) => {
  const world = new World()
  const first = await world.start()
  for (const id of ['a', 'b']) await world.write(first, id)
  await world.simulation.advance(2000)
  await world.simulation.finish(first.cache.closeTiers())
  world.writeElsewhere('a')
  const second = await world.start()
  t.match(await world.read(second, 'a'), { version: '2' })
  t.match(
    await world.read(second, 'b'),
    { version: '1', cacheStatus: hitInRedis },
    'and still uses what did not change',
  )
})

t.test('where no cursor was saved, entries from before are not taken', async (t) => {
  const world = new World()
  const first = await world.start()
  await world.write(first, 'a')
  await world.simulation.finish(first.cache.closeTiers())
  t.not(world.server.model.get('a'), undefined, 'Redis has it')
  world.server.model.saved = undefined
  world.writeElsewhere('a')
  const second = await world.start()
  t.match(await world.read(second, 'a'), { version: '2', cacheStatus: miss })
})

t.test('nor are they once a replica that knew nothing of them has saved a cursor', async (t) => {
  const world = new World()
  const first = await world.start()
  for (const id of ['a', 'b']) await world.write(first, id)
  await world.simulation.finish(first.cache.closeTiers())
  world.server.model.saved = undefined
  world.writeElsewhere('a')
  const second = await world.start()
  await world.write(second, 'c')
  await world.simulation.advance(2000)
  t.not(world.server.model.saved, undefined, 'the second one has saved its own')
  const third = await world.start()
  t.match(await world.read(third, 'a'), { version: '2', cacheStatus: miss })
  t.match(await world.read(third, 'c'), { cacheStatus: hitInRedis }, 'what came later is taken')
})

t.test('after a failover, entries that may have been overtaken are not taken', async (t) => {
  const world = new World()
  const [one, two] = [await world.start(), await world.start()]
  await world.write(one, 'w')
  await world.simulation.advance(1000)
  await world.write(one, 'w')
  world.server.failOver()
  t.match(world.server.model.get('w'), { version: '1' }, 'the server fell back')
  await world.simulation.advance(3000)
  t.match(await world.read(two, 'w'), { version: '2', cacheStatus: miss })
  t.match(await world.read(one, 'never read'), { version: '0' })
  t.match(await world.read(two, 'never read'), { cacheStatus: hitInRedis }, 'and the tier is used again')
})

t.test('more changes than can be kept track of make Redis start over, and nothing else', async (t) => {
  const world = new World()
  const replica = await world.start({ maxUnsettled: 10 })
  await world.write(replica, 'w')
  world.server.hang()
  for (let at = 0; at < 30; at++) world.writeElsewhere(`w${at}`)
  world.writeElsewhere('w')
  await world.simulation.advance(300)
  t.match(await world.read(replica, 'w'), { version: '2' })
  world.server.resume()
  await world.simulation.advance(5000)
  t.equal(replica.cache.metrics().redis?.isTrusted, true)
  for (let at = 0; at < 30; at++) t.match(await world.read(replica, `w${at}`), { version: '1' })
  t.match(await world.read(replica, 'w'), { version: '2' })
})

t.test('a write whose answer was lost makes its workspace suspect, everywhere', async (t) => {
  const world = new World()
  const [one, two] = [await world.start(), await world.start()]
  await world.write(one, 'w')
  for (const replica of [one, two]) t.match(await world.read(replica, 'w'), { version: '1' })
  // It is made, and neither feed tells of it in time.
  for (const replica of [one, two]) replica.store.cutFeed()
  await world.simulation.advance(5)
  one.store.losesNextWrite = true
  await t.rejects(world.write(one, 'w'), { code: 'WRITE_OUTCOME_UNKNOWN' })
  await world.simulation.advance(50)
  t.equal(world.store.get('w').version, '2', 'it was made')
  for (const replica of [one, two]) t.match(await world.read(replica, 'w'), { version: '2' }, replica.name)
})

t.test('each change of state is one line in the log', async (t) => {
  const world = new World()
  const replica = await world.start()
  await world.read(replica, 'w')
  replica.driver.cut()
  await world.simulation.advance(20_000)
  for (let at = 0; at < 50; at++) await world.read(replica, `w${at}`)
  replica.driver.heal()
  await world.simulation.advance(5000)
  replica.store.cutFeed()
  await world.simulation.advance(20_000)
  replica.store.heal()
  await world.simulation.advance(5000)
  t.same(replica.logged, [
    'cache: the Redis tier is in use',
    'cache: the Redis tier is out',
    'cache: the Redis tier is in use',
    'cache: the feed of changes is broken',
    'cache: the feed of changes is live again',
  ])
})

t.test('a connection on which nothing is answered is given up for a new one', async (t) => {
  const world = new World()
  const replica = await world.start()
  replica.driver.silenceBus()
  await world.simulation.advance(1000)
  t.equal((await world.read(replica, 'w')).version, '0')
  t.equal(replica.cache.metrics().redis?.busIsLive, true, 'nobody has noticed yet')
  await world.simulation.advance(4000)
  replica.driver.heal()
  await world.simulation.advance(1000)
  t.equal(replica.cache.metrics().redis?.busIsLive, true)
  t.ok(replica.driver.connectionsMade > 2, `${replica.driver.connectionsMade} connections were made`)
})

t.test(
  'a store that answers what is older than it has confirmed is asked again, and in the end not believed',
  async (t) => {
    const world = new World()
    const replica = await world.start()
    await world.write(replica, 'w')
    await world.write(replica, 'w')
    const { read } = replica.store
    let older = 2
    replica.store.read = async (workspaceId) => {
      if (older-- > 0) return { version: '1', photos: Buffer.from('[]') }
      return read.call(replica.store, workspaceId)
    }
    t.match(await world.read(replica, 'w', { fresh: true }), { version: '2' })
    older = 3
    await t.rejects(world.read(replica, 'w', { fresh: true }), {
      code: 'REPOSITORY_UNAVAILABLE',
      message: /version 1/,
    })
    t.equal(replica.cache.metrics().store.behind, 5)
  },
)
