import t from 'tap'
import { compareCommand } from '../dist/commands/compare.js'
import { gateCommand } from '../dist/commands/gate.js'
import { parseCommandLine } from '../dist/commands/options.js'
import { Progress } from '../dist/commands/progress.js'
import { reportCommand } from '../dist/commands/report.js'
import { UsageError } from '../dist/errors.js'

t.test('options replace what a scenario says', async (t) => {
  const line = parseCommandLine(['a', '--rounds', '3', '--slot-seconds', '0.5', '--connections', '8', 'b'])
  t.same(line.positionals, ['a', 'b'])
  t.same(line.overrides, { rounds: 3, slotSeconds: 0.5, connections: 8 })
})

t.test("several sizes may be given, none is the scenario's own", async (t) => {
  t.same(parseCommandLine(['--workspaces', '1000,10000']).sizes, [1000, 10_000])
  t.same(parseCommandLine([]).sizes, [])
})

t.test('numbers of replicas are taken in ascending order, each once', async (t) => {
  t.same(parseCommandLine(['--replicas', '8,1,2,1']).replicaCounts, [1, 2, 8])
  t.same(parseCommandLine([]).replicaCounts, [])
})

t.test('one core is left to the server, and there is a thread in any case', async (t) => {
  t.ok(parseCommandLine([]).settings.threads >= 1)
  t.equal(parseCommandLine(['--threads', '3']).settings.threads, 3)
})

for (const [args, said] of [
  [['--workspaces', 'many'], '--workspaces must be'],
  [['--workspaces', '10,'], '--workspaces must be'],
  [['--rounds', 'x'], '--rounds must be a number'],
  [['--rounds', ''], '--rounds must be a number'],
  [['--threads', '0'], '--threads must be'],
  [['--threads', '1.5'], '--threads must be'],
  [['--slow-down', '-1'], "Option '--slow-down' argument is ambiguous"],
  [['--quota', '2'], '--quota must be from 0.01 to 1, in cores'],
  [['--replicas', '0'], '--replicas must be a whole number above 0'],
  [['--replicas', '65'], '--replicas must be at most 64'],
  [['--quick'], "Unknown option '--quick'"],
] as const) {
  t.test(`${args.join(' ')} is refused`, async (t) => {
    t.throws(() => parseCommandLine(args), { name: 'UsageError', message: said })
  })
}

t.test('commands refuse too few files, or too many', async (t) => {
  const { signal } = new AbortController()
  await t.rejects(compareCommand(parseCommandLine(['a.json'])), UsageError)
  await t.rejects(compareCommand(parseCommandLine(['a.json', 'b.json', 'c.json'])), UsageError)
  await t.rejects(gateCommand(parseCommandLine(['a.json', 'b.json']), signal), UsageError)
  await t.rejects(reportCommand(parseCommandLine([])), UsageError)
  await t.rejects(compareCommand(parseCommandLine(['a.json', 'b.json'])), {
    message: /^a\.json cannot be read/,
  })
})

t.test('progress leaves out what only counts on within a second', async (t) => {
  const written: string[] = []
  let nowMs = 0
  const progress = new Progress({ write: (text: string) => written.push(text) > 0 }, () => nowMs)
  progress.about('x')
  progress.step('seeding: 1 of 3')
  nowMs = 500
  progress.step('seeding: 2 of 3')
  progress.step('seeded 3')
  nowMs = 2000
  progress.step('seeded 4')
  t.same(written, ['x: seeding: 1 of 3\n', 'x: seeded 3\n', 'x: seeded 4\n'])
})
