#!/usr/bin/env node
import { CommanderError } from 'commander'
import { describeFailure, EXIT, exitCodeOf, isSystemError } from './failure.js'
import { createProgram } from './program.js'

// A reader of the talk may go away without harm. One of the results may too, but then not all were delivered.
process.stderr.on('error', () => undefined)
process.stdout.on('error', (error) => {
  process.exitCode = isSystemError(error) && error.code === 'EPIPE' ? EXIT.brokenPipe : EXIT.failed
})

try {
  await createProgram().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
  } else {
    const message = describeFailure(error)
    if (message !== '') process.stderr.write(`photos: ${message}\n`)
    process.exitCode = exitCodeOf(error)
  }
}
