import t from 'tap'
import { UsageError } from '../dist/errors.js'
import { loadScenario, parseScenario, scenarioNames, withOverrides } from '../dist/scenario/load.js'
import { SCENARIO } from './support/results.js'

/** What is said of a scenario that is the valid one but for some changes. */
function faultOf(changes: object): string {
  try {
    parseScenario(JSON.stringify({ ...SCENARIO, ...changes }), 'bad.json')
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'nothing'
}

t.test('every scenario of ours is valid and has the name of its file', async (t) => {
  const names = await scenarioNames()
  t.ok(names.includes('embedded-collections'))
  for (const name of names) t.equal((await loadScenario(name)).name, name)
})

t.test('a valid scenario has nothing wrong with it', async (t) => {
  t.equal(faultOf({}), 'nothing')
  t.equal(faultOf({ ids: { kind: 'zipf', exponent: 0.99 } }), 'nothing')
  t.equal(faultOf({ requestsPerSecond: 3400, arrivals: 'poisson' }), 'nothing')
})

const BAD: Readonly<Record<string, [changes: object, said: RegExp]>> = {
  'an unknown field': [{ connection: 4 }, /bad\.json: connection is not a known field/],
  'a missing field': [{ mix: undefined }, /mix is required/],
  'a count that is a text': [{ connections: '64' }, /connections must be integer/],
  'no workspaces': [{ workspaces: 0 }, /workspaces must be >= 1/],
  'an unknown target': [{ target: 'mongodb' }, /target must be one of .*embedded/],
  'an unknown control': [{ controls: ['bare-fastify', 'apache'] }, /controls\.1 must be one of/],
  'the target as its own control': [{ controls: ['embedded'] }, /controls\.0 must not be the target/],
  'no control': [{ controls: [] }, /controls must not have fewer than 1/],
  'ids of an unknown kind': [{ ids: { kind: 'random' } }, /ids\.kind must be equal to one of/],
  'Zipf ids without an exponent': [{ ids: { kind: 'zipf' } }, /ids\.exponent is required for zipf/],
  'uniform ids with an exponent': [
    { ids: { kind: 'uniform', exponent: 1 } },
    /ids\.exponent is only for zipf/,
  ],
  'hot ids without a number': [{ ids: { kind: 'hot' } }, /ids\.hot is required for hot/],
  'more hot ids than workspaces': [{ ids: { kind: 'hot', hot: 1001 } }, /ids\.hot must be at most 1000/],
  'an unknown operation': [{ mix: { search: 1 } }, /mix\.search is not a known field/],
  'a negative weight': [{ mix: { collection: -1 } }, /mix\.collection must be >= 0/],
  'a mix of nothing': [{ mix: { collection: 0 } }, /mix must ask for something/],
  'more removed than added': [{ mix: { add: 1, remove: 2 } }, /mix\.remove must be at most mix\.add/],
  'arrivals without a rate': [{ arrivals: 'poisson' }, /arrivals is only for/],
  'connections that would idle': [
    { requestsPerSecond: 1, connections: 64 },
    /connections must be at most 10 ×/,
  ],
}

for (const [what, [changes, said]] of Object.entries(BAD)) {
  t.test(`${what} is refused, and the field is named`, async (t) => {
    t.match(faultOf(changes), said)
  })
}

t.test('every field that is wrong is named at once', async (t) => {
  t.match(faultOf({ workspaces: -1, connections: 0 }), /workspaces .*; connections /)
})

t.test('a text that is not JSON is refused with the name of its file', async (t) => {
  t.throws(() => parseScenario('{', 'bad.json'), { message: /^bad\.json is not JSON/ })
})

t.test('settings of the command line are checked like those of a file', async (t) => {
  t.equal(withOverrides(SCENARIO, { workspaces: 5 }).workspaces, 5)
  t.throws(() => withOverrides(SCENARIO, { rounds: 0 }), { message: /rounds must be >= 1/ })
  t.throws(() => withOverrides({ ...SCENARIO, starts: 3 }, { rounds: 2 }), {
    message: /starts must be at most the number of rounds, 2/,
  })
})

t.test('a scenario that does not exist is answered with those that do', async (t) => {
  await t.rejects(loadScenario('embeded'), {
    message: /no scenario embeded; there are .*embedded-collections/,
  })
})
