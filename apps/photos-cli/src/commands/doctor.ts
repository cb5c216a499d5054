import { Command } from 'commander'
import { diagnose } from '../doctor/diagnosis.js'
import { repair } from '../doctor/repair.js'
import { formatDiagnosis } from '../doctor/table.js'
import { EXIT } from '../failure.js'
import { storeOption } from '../options.js'
import { type StoreLocation, storeLocation } from '../store-location.js'

interface DoctorCommandOptions {
  readonly json: boolean
  readonly repair: boolean
  readonly store?: StoreLocation
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say what is configured, what can be reached and how full it is')
    .option('--json', 'print it as JSON', false)
    .option('--repair', 'merge the conflicting revisions that a cluster or replication left, instead', false)
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nWithout --repair it changes nothing. The exit code is 1 when something is in the way of the service, or could not be repaired.',
    )
    .action(async ({ json, repair: repairs, store }: DoctorCommandOptions) => {
      if (repairs) {
        process.exitCode = await repair(storeLocation(store), json)
        return
      }
      const diagnosis = await diagnose(store)
      process.stdout.write(json ? `${JSON.stringify(diagnosis, null, 2)}\n` : formatDiagnosis(diagnosis))
      process.exitCode = diagnosis.ok ? EXIT.ok : EXIT.failed
    })
}
