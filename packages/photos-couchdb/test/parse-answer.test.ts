import fc from 'fast-check'
import t from 'tap'
import { parseAnswer } from '../dist/parse-answer.js'

const parse = (text: string): unknown => parseAnswer(Buffer.from(text))

/** Makes an answer large enough to be taken apart. */
const padding = { id: 'padding', docs: [{ ok: { text: 'é"\\{}[],: '.repeat(2500) } }] }

t.test('an answer is parsed as JSON.parse would', async (t) => {
  const property = fc.property(
    fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue())),
    (results) => {
      const text = JSON.stringify({ results: [...results, padding] })
      const outcome = parse(text)
      // As texts: `__proto__` is a key like any other to JSON.
      return JSON.stringify(outcome) === JSON.stringify(JSON.parse(text))
    },
  )
  fc.assert(property, { numRuns: 500 })
  t.pass()
})

t.test('so is one that is made otherwise than expected', async (t) => {
  const pad = JSON.stringify(padding)
  for (const text of [
    `{"results":[${pad},1,null]}`,
    `{"results":[0,${pad}]}`,
    `{"results":[${pad}],"more":{"a":[1]}}`,
    `{"results":[${pad}],"more":[{"a":1}]}`,
    `{"results":[[${pad}]]}`,
    `{"results": [${pad}]}`,
    `{"error":"x","reason":${pad}}`,
    `[${pad}]`,
    `{"results":[]}`,
  ]) {
    t.same(parse(text), JSON.parse(text), text.slice(0, 20))
  }
})

t.test('one that is cut short, or is no JSON, is refused', async (t) => {
  const whole = JSON.stringify({ results: [padding, padding] })
  for (const text of [
    whole.slice(0, -1),
    whole.slice(0, -2),
    whole.slice(0, -30),
    whole.replace('},{"id"', '}{"id"'),
    whole.replace('},{"id"', '},,{"id"'),
    `${whole}}`,
    `${whole.slice(0, -2)},]}`,
    '',
  ]) {
    t.throws(() => parse(text), SyntaxError, `${text.length} bytes`)
  }
})
