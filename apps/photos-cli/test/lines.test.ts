import t from 'tap'
import { type Line, linesOf } from '../dist/import/lines.js'

/** The lines of a text that comes in pieces of the given size. */
async function split(text: string | Buffer, { pieceBytes = 1024, maxBytes = 1000 } = {}): Promise<Line[]> {
  const bytes = Buffer.from(text)
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      yield bytes.subarray(start, start + pieceBytes)
    }
  }
  return collect(linesOf(pieces(), maxBytes))
}

async function collect(lines: AsyncIterable<Line>): Promise<Line[]> {
  const all: Line[] = []
  for await (const line of lines) all.push(line)
  return all
}

const texts = (lines: Line[]): (string | undefined)[] => lines.map(({ bytes }) => bytes?.toString())

for (const pieceBytes of [1, 2, 3, 7, 1024]) {
  t.test(`in pieces of ${pieceBytes} bytes`, async (t) => {
    const of = async (text: string | Buffer) => texts(await split(text, { pieceBytes }))

    t.strictSame(await of(''), [], 'nothing has no lines')
    t.strictSame(await of('a'), ['a'], 'the last line need not be ended')
    t.strictSame(await of('a\n'), ['a'], 'and may be')
    t.strictSame(await of('a\nbc\n\nd'), ['a', 'bc', '', 'd'], 'an empty line is a line')
    t.strictSame(await of('a\r\nb\r\n'), ['a', 'b'], 'CRLF ends a line')
    t.strictSame(await of('a\rb\n'), ['a\rb'], 'CR alone does not')
    t.strictSame(
      await of('\ufeffa\n\ufeffb'),
      ['a', '\ufeffb'],
      'a byte order mark is dropped at the beginning only',
    )
    t.strictSame(await of('žluťoučký\n🦄'), ['žluťoučký', '🦄'], 'characters are cut nowhere')
  })
}

t.test('lines are numbered from 1, empty and overlong ones too', async (t) => {
  const lines = await split(`a\n\n${'x'.repeat(50)}\nb`, { maxBytes: 10 })
  t.strictSame(
    lines.map(({ number }) => number),
    [1, 2, 3, 4],
  )
})

t.test('a line may have as many bytes as allowed, and has none when it has more', async (t) => {
  for (const pieceBytes of [1, 4, 1024]) {
    const lines = await split(`${'x'.repeat(10)}\n${'y'.repeat(11)}\nz\n${'w'.repeat(11)}`, {
      maxBytes: 10,
      pieceBytes,
    })
    t.strictSame(texts(lines), ['x'.repeat(10), undefined, 'z', undefined])
  }
})

t.test('an endless line is not kept in memory', async (t) => {
  const piece = Buffer.alloc(1024 * 1024, 'x')
  async function* endless(): AsyncGenerator<Buffer> {
    for (let count = 0; count < 1000; count++) yield Buffer.from(piece)
    yield Buffer.from('\nend')
  }
  const before = process.memoryUsage.rss()
  const lines = await collect(linesOf(endless(), 1000))
  t.strictSame(texts(lines), [undefined, 'end'])
  t.ok(process.memoryUsage.rss() - before < 300e6, 'of 1000 MB not even 300 were held')
})
