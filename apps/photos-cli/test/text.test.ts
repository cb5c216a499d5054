import t from 'tap'
import { formatBytes, formatCount, formatDuration } from '../dist/format.js'
import { RateMeter } from '../dist/rate-meter.js'
import { maskSecrets } from '../dist/secrets.js'

t.test('passwords in URLs are masked wherever they stand', async (t) => {
  const masked: Record<string, string> = {
    'http://app:s3cret@db:5984/photos': 'http://app:****@db:5984/photos',
    'redis://:s3cret@cache/0': 'redis://:****@cache/0',
    'rediss://app:p:q@r@cache': 'rediss://app:****@cache',
    'http://a:p/q@db/photos': 'http://a:****@db/photos',
    'http://a:p@h1/x,http://b:q@h2/x': 'http://a:****@h1/x,http://b:****@h2/x',
    'cannot reach http://a:p@h/x: refused': 'cannot reach http://a:****@h/x: refused',
  }
  for (const [text, expected] of Object.entries(masked)) t.equal(maskSecrets(text), expected)
})

t.test('what has no password stays as it is', async (t) => {
  for (const text of ['http://db:5984/photos', 'http://app@db/photos', './data', 'user:name@host']) {
    t.equal(maskSecrets(text), text)
  }
})

t.test('numbers are written for people', async (t) => {
  t.equal(formatCount(0), '0')
  t.equal(formatCount(1234567.4), '1,234,567')
  t.equal(formatBytes(999), '999 B')
  t.equal(formatBytes(1000), '1.0 kB')
  t.equal(formatBytes(1_540_000_000), '1.5 GB')
  t.equal(formatBytes(20e9), '20 GB')
  t.equal(formatBytes(5e18), '5000 PB')
  t.equal(formatDuration(0.4), '0 s')
  t.equal(formatDuration(59.4), '59 s')
  t.equal(formatDuration(59.6), '1 min 00 s')
  t.equal(formatDuration(3599), '59 min 59 s')
  t.equal(formatDuration(7640), '2 h 07 min')
})

t.test('a rate is that of the last ten seconds', async (t) => {
  const meter = new RateMeter()
  t.equal(meter.perSecond, 0, 'nothing is known yet')
  meter.add(500, 0)
  t.equal(meter.perSecond, 0, 'no time has passed yet')
  meter.add(600, 100)
  t.equal(meter.perSecond, 1000)
  for (let seconds = 1; seconds <= 60; seconds++) meter.add(500 + 100 * seconds, seconds * 1000)
  t.equal(meter.perSecond, 100)
  for (let seconds = 61; seconds <= 71; seconds++) meter.add(6500 + 3000 * (seconds - 60), seconds * 1000)
  t.equal(meter.perSecond, 3000, 'what was before is forgotten')
})

t.test('a rate that is asked for very often is still that of the last ten seconds', async (t) => {
  const meter = new RateMeter()
  for (let ms = 0; ms <= 100_000; ms++) meter.add(ms < 80_000 ? 0 : (ms - 80_000) * 7, ms)
  t.ok(Math.abs(meter.perSecond - 7000) < 1, `${meter.perSecond}/s`)
})
