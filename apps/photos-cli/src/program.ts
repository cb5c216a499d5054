import { Command } from 'commander'
import { couchdbCommand } from './commands/couchdb.js'
import { doctorCommand } from './commands/doctor.js'
import { exportCommand } from './commands/export.js'
import { importCommand } from './commands/import.js'
import { migrateCommand } from './commands/migrate.js'
import { seedCommand } from './commands/seed.js'

/**
 * The `photos` command. Each of its commands is a file in `commands`, and sets the exit code of the process. A wrong
 * command line, and a wish for help, end the parsing with a CommanderError that the user has been told already.
 */
export function createProgram(): Command {
  const program = new Command('photos')
    .description('Looks after the stores of Spacework Photos.')
    .addCommand(seedCommand())
    .addCommand(importCommand())
    .addCommand(exportCommand())
    .addCommand(migrateCommand())
    .addCommand(couchdbCommand())
    .addCommand(doctorCommand())
    .addHelpText(
      'after',
      `
Results go to standard output, all talk to standard error. Exit codes: 0 all went well; 1 something failed; 2 the command
line or the configuration is wrong; 130 interrupted (143 by SIGTERM); 141 the reader of standard output went away.`,
    )
  configure(program)
  return program
}

/** Commander hands such settings down only to commands that it makes itself. */
function configure(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help says more)')
  for (const inner of command.commands) configure(inner)
}
