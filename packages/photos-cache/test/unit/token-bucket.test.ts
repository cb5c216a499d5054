import { TokenBucket } from 'photos-cache'
import t from 'tap'

t.test('it gives its burst at once, and then what is added with time', async (t) => {
  let nowMs = 5000
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, { now: () => nowMs })
  const takeAll = () => {
    let taken = 0
    while (bucket.take()) taken++
    return taken
  }
  t.equal(takeAll(), 3)
  nowMs += 99
  t.equal(takeAll(), 0)
  nowMs += 1
  t.equal(takeAll(), 1)
  nowMs += 150
  t.equal(takeAll(), 1)
  nowMs += 50
  t.equal(takeAll(), 1, 'half tokens are not lost')
  nowMs += 60_000
  t.equal(takeAll(), 3, 'and no more are saved up than the burst')
})

t.test('numbers that are not above 0 are refused', async (t) => {
  t.throws(() => new TokenBucket({ perSecond: 0, burst: 1 }), { message: /perSecond/ })
  t.throws(() => new TokenBucket({ perSecond: 1, burst: Number.NaN }), { message: /burst/ })
})
