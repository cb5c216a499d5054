import t from 'tap'
import { UsageError } from '../dist/errors.js'
import { loadScenario } from '../dist/scenario/load.js'
import { spreadOf } from '../dist/stats/robust.js'
import { type Floor, loadFloors, parseFloors } from '../dist/verdict/floors.js'
import { checkGate } from '../dist/verdict/gate.js'
import { results, SCENARIO, scenarioResult, slot } from './support/results.js'

const REASON = 'A reason that is long enough'
const FLOOR = {
  scenario: 'embedded-collections',
  control: 'bare-fastify',
  metric: 'requestsPerSecond' as const,
  atLeast: 0.8,
  reason: REASON,
} satisfies Floor
const SHORT = { workspaces: 1000, rounds: 1, slotSeconds: 1, warmupSeconds: 0 }

const { scenario, control, reason } = FLOOR

const passes = (share: number, floor: Floor = FLOOR): boolean[] =>
  checkGate(results(scenarioResult(share)), [floor]).map(({ passed }) => passed)

t.test('a ratio at its floor passes, one below fails', async (t) => {
  t.same(passes(0.9), [true])
  t.same(passes(0.8), [true])
  t.same(passes(0.79), [false])
})

t.test('a ratio at its ceiling passes, one above fails', async (t) => {
  const ceiling = { scenario, control, reason, metric: 'p99Latency' as const }
  t.same(passes(1, { ...ceiling, atMost: 1 }), [true])
  t.same(passes(1, { ...ceiling, atMost: 0.99 }), [false])
})

t.test('memory is held against its ceiling', async (t) => {
  const ceiling = { scenario, reason, metric: 'anonymousBytes' as const }
  t.same(passes(1, { ...ceiling, atMost: 90e6 }), [true])
  t.same(passes(1, { ...ceiling, atMost: 89e6 }), [false])
})

t.test('one disturbed slot does not decide', async (t) => {
  const spread = spreadOf([0.9, 0.01, 0.9])
  const disturbed = scenarioResult(0.9, { ratios: [{ control, metric: 'requestsPerSecond', spread }] })
  t.match(checkGate(results(disturbed), [FLOOR]), [{ passed: true, value: 0.9 }])
})

t.test('by the best slots, a small change is told where most slots were disturbed', async (t) => {
  const slotsOf = (subject: string, requests: readonly number[]) =>
    requests.map((requests) => slot({ subject, requests, busySeconds: 1 }))
  const floor: Floor = {
    scenario,
    control,
    metric: 'requestsPerCpuSecond',
    slots: 'best',
    atLeast: 0.95,
    reason,
  }
  const checked = (target: readonly number[]) => {
    const slots = [
      ...slotsOf(SCENARIO.target, target),
      ...slotsOf(control, [500, 1000, 1000, 600, 400, 450, 300, 990]),
    ]
    return checkGate(results(scenarioResult(1, { slots })), [floor])
  }
  t.match(checked([1000, 300, 400, 990, 200, 350, 500, 420]), [{ passed: true, value: 0.995 }])
  t.match(checked([900, 880, 890, 900, 880, 870, 900, 900]), [{ passed: false, value: 0.9 }])
})

t.test('what was not measured fails: a scenario, a control, a metric', async (t) => {
  t.same(passes(1, { ...FLOOR, scenario: 'another' }), [false])
  t.same(passes(1, { ...FLOOR, control: 'nginx' }), [false])
  const unmeasured = scenarioResult(1, { ratios: [] })
  t.match(checkGate(results(unmeasured), [FLOOR]), [{ passed: false, value: undefined }])
})

t.test('figures of wrong answers fail, however good', async (t) => {
  for (const verification of [
    { checked: 10, wrong: 1, errors: 0, wrongAnswers: [] },
    { checked: 10, wrong: 0, errors: 1, wrongAnswers: [] },
    { checked: 0, wrong: 0, errors: 0, wrongAnswers: [] },
  ]) {
    t.match(checkGate(results(scenarioResult(2, { verification })), [FLOOR]), [{ passed: false }])
  }
})

t.test('each size of a scenario is held against the floor', async (t) => {
  const larger = scenarioResult(0.7, {}, { ...SCENARIO, workspaces: 10_000 })
  t.same(
    checkGate(results(scenarioResult(0.9), larger), [FLOOR]).map(({ passed }) => passed),
    [true, false],
  )
})

t.test('every floor of ours is about a scenario, and a control of it, that there is', async (t) => {
  const { floors } = await loadFloors()
  for (const { scenario, control } of floors) {
    const { controls } = await loadScenario(scenario)
    t.ok(control === undefined || controls.includes(control), `${scenario} / ${control}`)
  }
})

t.test('a floors file that is wrong is refused, naming what is', async (t) => {
  const refuses = (floor: object, said: RegExp): void => {
    t.throws(() => parseFloors({ short: SHORT, floors: [{ ...FLOOR, ...floor }] }, 'f.json'), said)
  }
  refuses({ reason: undefined }, /floors\.0\.reason must be string/)
  refuses({ reason: 'because' }, /floors\.0\.reason/)
  refuses({ metric: 'speed' }, /floors\.0\.metric/)
  refuses({ atLeast: undefined }, /floors\.0 must have either atLeast or atMost/)
  refuses({ atMost: 1 }, /floors\.0 must have either atLeast or atMost/)
  refuses({ control: undefined }, /floors\.0\.control is for ratios/)
  refuses({ slots: 'some' }, /floors\.0\.slots/)
  refuses({ control: undefined, metric: 'anonymousBytes', slots: 'best' }, /floors\.0\.slots is for ratios/)
  refuses({ metric: 'anonymousBytes' }, /floors\.0\.control is for ratios/)
  t.throws(() => parseFloors({ short: SHORT, floors: [] }, 'f.json'), UsageError)
  await t.rejects(loadFloors('/nowhere.json'), { message: /nowhere\.json cannot be read/ })
})
