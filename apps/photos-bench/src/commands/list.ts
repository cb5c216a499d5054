import { EXIT } from '../errors.js'
import { loadScenario, scenarioNames } from '../scenario/load.js'
import { subjectOf } from '../subjects/index.js'

/** `bench list`: the scenarios, and what keeps those from running here that cannot. */
export async function listCommand(): Promise<number> {
  for (const name of await scenarioNames()) {
    const { description, target, controls } = await loadScenario(name)
    console.log(`${name}\n    ${description}; ${target} against ${controls.join(', ')}`)
    for (const subject of [target, ...controls]) {
      const reason = subjectOf(subject).unavailable?.(process.env)
      if (reason !== undefined) console.log(`    cannot run here: ${reason}`)
    }
  }
  return EXIT.ok
}
