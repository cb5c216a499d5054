import t from 'tap'
import { Trust } from '../../dist/trust.js'

const WINDOW = 800

/** Both sources live since 0 and heard up to `heardMs`. */
function trustHeardUpTo(heardMs: number): Trust {
  const trust = new Trust(WINDOW)
  trust.busConnected(0)
  trust.feedLive(0, false)
  trust.busHeard(heardMs)
  trust.feedHeard(heardMs)
  return trust
}

t.test('without any source, a record is vouched for during the window and not longer', async (t) => {
  const trust = new Trust(WINDOW)
  t.equal(trust.vouches(1000, 1000 + WINDOW), true)
  t.equal(trust.vouches(1000, 1001 + WINDOW), false)
})

t.test('while both sources are heard, a record is vouched for however old it is', async (t) => {
  const trust = trustHeardUpTo(1_000_000)
  t.equal(trust.vouches(0, 1_000_000), true)
  t.equal(trust.vouches(0, 1_000_000 + WINDOW), true)
  t.equal(trust.vouches(0, 1_000_001 + WINDOW), false, 'and not once they have been silent')
})

t.test('a record from before a source was listened to is not vouched for by it', async (t) => {
  const trust = trustHeardUpTo(5000)
  t.equal(trust.vouches(-1, 5000), false)
})

t.test('one source alone vouches for nothing', async (t) => {
  const bus = new Trust(WINDOW)
  bus.busConnected(0)
  bus.busHeard(5000)
  t.equal(bus.vouches(0, 5000), false, 'the bus')
  const feed = new Trust(WINDOW)
  feed.feedLive(0, false)
  feed.feedHeard(5000)
  t.equal(feed.vouches(0, 5000), false, 'the feed')
})

t.test('a lost bus makes everything suspect at once that is older than the window', async (t) => {
  const trust = trustHeardUpTo(5000)
  trust.busLost()
  t.equal(trust.vouches(4000, 5000), false)
  t.equal(trust.vouches(4300, 5000), true)
  trust.busConnected(5100)
  trust.busHeard(5200)
  t.equal(trust.vouches(4000, 5200), false, 'also when it is back: what was announced meanwhile is lost')
  t.equal(trust.vouches(5100, 9000), false)
  trust.busHeard(9000)
  trust.feedHeard(9000)
  t.equal(trust.vouches(5100, 9000), true)
})

t.test('a feed that broke is not heard any more, and what it told is recent for the window', async (t) => {
  const trust = trustHeardUpTo(5000)
  trust.feedBroke()
  trust.feedHeard(5600)
  trust.busHeard(5600)
  t.equal(trust.feedIsLive, false)
  t.equal(trust.feedIsRecent(5000 + WINDOW), true)
  t.equal(trust.feedIsRecent(5001 + WINDOW), false)
  t.equal(trust.vouches(0, 5001 + WINDOW), false)
})

t.test('a feed that resumed where it broke has missed nothing, and one that began anew has', async (t) => {
  const resumed = trustHeardUpTo(5000)
  resumed.feedBroke()
  resumed.feedLive(9000, true)
  resumed.busHeard(9000)
  t.equal(resumed.vouches(0, 9000), true)
  const anew = trustHeardUpTo(5000)
  anew.feedBroke()
  anew.feedLive(9000, false)
  anew.busHeard(9000)
  t.equal(anew.vouches(0, 9000), false)
})

t.test('how long a record was known to be current is remembered when the sources are lost', async (t) => {
  const trust = trustHeardUpTo(5000)
  t.equal(trust.lastVouchedMs(100), 5000)
  trust.busLost()
  t.equal(trust.lastVouchedMs(100), 5000)
  t.equal(trust.lastVouchedMs(-1), -1, 'one from before they were listened to was never vouched for')
  trust.busConnected(6000)
  t.equal(trust.lastVouchedMs(100), 5000)
  t.equal(trust.lastVouchedMs(6500), 6500)
})
