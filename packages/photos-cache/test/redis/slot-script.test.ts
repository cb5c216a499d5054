import { once } from 'node:events'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { encodePhotos, type Version } from 'photos-domain'
import { startRedis } from 'photos-test-servers'
import t from 'tap'
import { parseEntry } from '../../dist/remote/slot-format.js'
import { SLOT, SLOT_SCRIPT } from '../../dist/remote/slot-script.js'
import { type Message, type ModelSlot, RedisModel } from '../simulation/simulated-redis.js'

const KEY = 'the-slot'
const CHANNEL = 'the-channel'

type Operation =
  | { readonly kind: 'lease' | 'suspect'; readonly server: string; readonly incarnation: string }
  | {
      readonly kind: 'put'
      readonly server: string
      readonly incarnation: string
      readonly version: Version
      readonly givenAt: number
      readonly announce: boolean
      readonly hasReceipts: boolean
    }
  | {
      readonly kind: 'raise'
      readonly server: string
      readonly version: Version
      readonly announce: boolean
    }
  | { readonly kind: 'delete' | 'list' }
  | { readonly kind: 'set'; readonly value: string }

const version = fc.oneof(
  // As an embedded store gives them, and close to each other in length.
  fc.bigInt({ min: 1n, max: 10n ** 17n }).map(String),
  fc.nat(30).map(String),
  // As CouchDB gives them; few enough to meet again.
  fc
    .tuple(fc.nat(12), fc.constantFrom('0', '9', 'a', 'b', 'ff', 'f', '917fa2381192822767f010b95b45325b'))
    .map(([count, hash]) => `${count + 1}-${hash}`),
)
/** What is on a server of another run does not count. */
const server = fc.constantFrom('server-a........', 'server-a........', 'server-b........')
const incarnation = fc.constantFrom('incarnation-1...', 'incarnation-2...', 'incarnation-3...')
const kind = <K extends string>(...kinds: readonly K[]) => fc.constantFrom(...kinds)

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: kind('lease'), server, incarnation }) },
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ kind: kind('put'), server, incarnation, version },
      ...{ givenAt: fc.integer({ min: 1_764_000_000_000, max: 1_999_999_999_999 }) },
      ...{ announce: fc.boolean(), hasReceipts: fc.boolean() },
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kind('raise'), server, version, announce: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('suspect'), server, incarnation }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('delete', 'list') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kind('set'),
      value: fc.oneof(fc.string(), fc.constant(`P1E${'x'.repeat(70)}`), fc.constant(`P2E${'0'.repeat(70)}`)),
    }),
  },
)

t.test('the script does what the model does, whatever was done before', async (t) => {
  const server = await startRedis()
  t.teardown(() => server.close())
  const redis = new Redis(server.url)
  t.teardown(() => redis.disconnect())
  const bus = new Redis(server.url)
  t.teardown(() => bus.disconnect())
  await bus.subscribe(CHANNEL)
  const heard: string[] = []
  bus.on('message', (_channel, message: string) => heard.push(message))
  const script = (...args: readonly (string | number | Buffer)[]) => redis.eval(SLOT_SCRIPT, 1, KEY, ...args)

  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { minLength: 1, maxLength: 25, size: 'max' }),
      async (operations) => {
        await redis.del(KEY)
        heard.length = 0
        const announced: string[] = []
        let nowMs = 0
        const model = new RedisModel(
          () => nowMs,
          (message) => announced.push(textOf(message)),
        )
        for (const each of operations) {
          const reply = await act(redis, script, each)
          const value = await redis.getBuffer(KEY).catch(() => null)
          nowMs = serverTimeIn(reply) ?? asOfIn(value)
          const expected = actOnModel(model, each)
          if (each.kind === 'lease') sameLease(reply, expected)
          same(slotIn(value), model.slots.get(KEY))
        }
        // Whatever was published before it is heard before it.
        await redis.publish(CHANNEL, 'end')
        while (heard.at(-1) !== 'end') await once(bus, 'message')
        equal(heard.slice(0, -1).join(), announced.join(), 'announcements')
      },
    ),
    { numRuns: 400 },
  )
  t.pass('in 400 sequences of operations')
})

t.test('the bytes of an entry come back as they were put', async (t) => {
  const server = await startRedis()
  t.teardown(() => server.close())
  const redis = new Redis(server.url)
  t.teardown(() => redis.disconnect())
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme' }),
      fc.option(fc.uint8Array({ minLength: 1 })),
      async (text, receipts) => {
        const photos = encodePhotos([{ id: 'p', url: 'https://pictures.example/p', description: text }])
        const lease = ['lease', 'server-a........', CHANNEL, '', 'incarnation-1...', 1000] as const
        await redis.del(KEY)
        await redis.eval(SLOT_SCRIPT, 1, KEY, ...lease)
        const bytes = [Buffer.from(photos), Buffer.from(receipts ?? [])]
        const put = [
          'put',
          'server-a........',
          CHANNEL,
          '',
          'incarnation-1...',
          1_764_000_000_000,
          '7-f',
          1000,
        ] as const
        await redis.eval(SLOT_SCRIPT, 1, KEY, ...put, ...bytes)
        const value = await redis.getBuffer(KEY)
        const entry = value === null ? undefined : parseEntry(value)
        equal(Buffer.from(entry?.photos ?? []).toString('hex'), Buffer.from(photos).toString('hex'), 'photos')
        equal(
          Buffer.from(entry?.receipts ?? []).toString('hex'),
          Buffer.from(receipts ?? []).toString('hex'),
          'receipts',
        )
      },
    ),
    { numRuns: 200 },
  )
  t.pass('in 200 entries')
})

type Script = (...args: readonly (string | number | Buffer)[]) => Promise<unknown>

const PHOTOS = Buffer.from(encodePhotos([{ id: 'p', url: 'https://pictures.example/p', description: 'ü' }]))
const RECEIPTS = Buffer.from('[]')

async function act(redis: Redis, script: Script, operation: Operation): Promise<unknown> {
  switch (operation.kind) {
    case 'delete':
      return redis.del(KEY)
    case 'list':
      await redis.del(KEY)
      return redis.lpush(KEY, 'x')
    case 'set':
      return redis.set(KEY, operation.value)
    case 'lease':
      return script('lease', operation.server, CHANNEL, '', operation.incarnation, 10_000)
    case 'suspect':
      return script('suspect', operation.server, CHANNEL, 'w ', operation.incarnation, 10_000)
    case 'raise':
      return script('raise', operation.server, CHANNEL, messageOf(operation), operation.version, 10_000)
    case 'put': {
      const { server, incarnation, version, givenAt, hasReceipts } = operation
      const receipts = hasReceipts ? RECEIPTS : Buffer.alloc(0)
      return script(
        'put',
        server,
        CHANNEL,
        messageOf(operation),
        incarnation,
        givenAt,
        version,
        10_000,
        PHOTOS,
        receipts,
      )
    }
  }
}

function actOnModel(model: RedisModel, operation: Operation): unknown {
  switch (operation.kind) {
    case 'delete':
    case 'list':
    case 'set':
      return model.slots.delete(KEY)
    case 'lease':
      return model.lease(KEY, operation.server, operation.incarnation)
    case 'suspect':
      return model.suspect(KEY, operation.server, operation.incarnation)
    case 'raise':
      return model.raise(KEY, operation.server, operation.version, operation.announce)
    case 'put': {
      const { server, incarnation, version, givenAt, announce, hasReceipts } = operation
      const lease = { incarnation, givenAtServerMs: givenAt }
      const receipts = hasReceipts ? RECEIPTS : undefined
      return model.put(KEY, server, lease, { version, photos: PHOTOS, receipts }, announce)
    }
  }
}

const messageOf = ({
  announce,
  version,
}: {
  readonly announce: boolean
  readonly version: Version
}): string => (announce ? `w ${version}` : '')

const textOf = (message: Message): string => (message.kind === 'suspect' ? 'w ' : `w ${message.version}`)

const serverTimeIn = (reply: unknown): number | undefined =>
  Array.isArray(reply) ? Number(reply[1]) : undefined

const asOfIn = (value: Buffer | null): number =>
  value === null ? 0 : Number(value.toString('latin1', SLOT.asOfAt, SLOT.versionLengthAt))

/** What a slot's value says, in the model's words; undefined for what is none. */
function slotIn(value: Buffer | null): ModelSlot | undefined {
  if (value === null || !/^P1[EL][\w.-]{16}server-[ab]\.{8}\d{13}\d{10}/.test(value.toString('latin1')))
    return undefined
  const entry = parseEntry(value)
  const text = value.toString('latin1')
  const versionEnd = SLOT.versionAt + Number(text.slice(SLOT.versionLengthAt, SLOT.photosLengthAt))
  return {
    isEntry: text[SLOT.kindAt] === SLOT.entry,
    incarnation: text.slice(SLOT.kindAt + 1, SLOT.serverAt),
    server: text.slice(SLOT.serverAt, SLOT.asOfAt),
    asOfServerMs: asOfIn(value),
    version: text.slice(SLOT.versionAt, versionEnd),
    photos: entry?.photos ?? Buffer.from('[]'),
    receipts: entry?.receipts,
  }
}

const slotText = (slot: ModelSlot | undefined): string =>
  slot === undefined
    ? 'absent'
    : JSON.stringify(
        {
          ...slot,
          photos: Buffer.from(slot.photos).toString(),
          receipts: slot.receipts && Buffer.from(slot.receipts).toString(),
        },
        ['isEntry', 'incarnation', 'server', 'asOfServerMs', 'version', 'photos', 'receipts'],
      )

const same = (found: ModelSlot | undefined, wanted: ModelSlot | undefined): void =>
  equal(slotText(found), slotText(wanted), 'the slot')

function sameLease(reply: unknown, expected: unknown): void {
  const [incarnation, givenAt]: unknown[] = Array.isArray(reply) ? reply : []
  equal(
    JSON.stringify({ incarnation, givenAtServerMs: Number(givenAt) }),
    JSON.stringify(expected),
    'the lease',
  )
}

function equal(found: string, wanted: string, what: string): void {
  if (found !== wanted) throw new Error(`${what} is ${found}, and in the model ${wanted}`)
}
