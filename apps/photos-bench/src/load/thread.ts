import { parentPort } from 'node:worker_threads'
import type { FromThread, ToThread } from './messages.js'
import { ThreadDriver } from './thread-driver.js'

/** A thread of the load generator: one slot after another, each begun and ended by messages. */
if (parentPort === null) throw new Error('this is a worker thread of the load generator')
const port = parentPort
const answer = (message: FromThread): void => port.postMessage(message)

let driver: ThreadDriver | undefined
port.on('message', async (message: ToThread) => {
  switch (message.type) {
    case 'load':
      driver = new ThreadDriver(message.load)
      driver.start()
      answer({ type: 'loading' })
      break
    case 'measure':
      driver?.measure()
      break
    case 'end':
      if (driver !== undefined) answer({ type: 'report', report: await driver.end() })
      driver = undefined
  }
})
