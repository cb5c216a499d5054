import t from 'tap'
import { Latest } from '../../dist/latest.js'

t.test('the latest are there, at least as many as asked for, and those of long before are not', async (t) => {
  const latest = new Latest<number>()
  for (let i = 0; i < 1000; i++) {
    latest.set(`key${i}`, i, 10)
    for (let back = 0; back < 10 && back <= i; back++) t.equal(latest.get(`key${i - back}`), i - back)
    if (i >= 20) t.equal(latest.get(`key${i - 20}`), undefined)
  }
})

t.test('a key that is set again has its new value, also where the old one is still kept', async (t) => {
  const latest = new Latest<string>()
  latest.set('a', 'old', 2)
  latest.set('b', 'other', 2)
  latest.set('a', 'new', 2)
  t.equal(latest.get('a'), 'new')
  t.ok(latest.delete('a'))
  t.equal(latest.get('a'), undefined, 'and the old one does not come back')
  t.notOk(latest.delete('a'))
  latest.clear()
  t.equal(latest.get('b'), undefined)
})
