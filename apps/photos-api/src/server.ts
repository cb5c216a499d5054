#!/usr/bin/env node
import './keep-tick-shape.js'
import cluster from 'node:cluster'
import { parseArgs } from 'node:util'
import { type Config, ConfigError, loadConfig } from './config.js'
import { runReplica } from './replica.js'
import { runReplicas } from './replicas.js'
import { addSampleWorkspaces, whatToTry } from './sample-workspaces.js'

const USAGE = `usage: photos-api [--replicas N]
  --replicas N   processes that share the port and the store (like PHOTOS_REPLICAS)
Everything else is set by environment variables: see .env.example.`

/*
 * Answers of about 1 kB are cut from pools of this size: with Node's 8 KiB, every eighth would allocate memory outside of the
 * heap, which costs more than to fill it.
 */
Buffer.poolSize = 128 * 1024

/** The process: reads what it was told, then runs one replica or several. */
async function main(): Promise<void> {
  const config = readConfig()
  if (cluster.isWorker) {
    await runReplica(config)
    return
  }
  if (!config.production && config.couchdbUrls.length === 0) await addSampleWorkspaces(config)
  const listening = config.replicas === 1 ? await runReplica(config) : await runReplicas(config.replicas)
  if (!config.production) process.stdout.write(whatToTry(listening))
}

function readConfig(): Config {
  const { values } = parseArgs({
    options: { replicas: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) {
    console.log(USAGE)
    process.exit(0)
  }
  const given = values.replicas === undefined ? {} : { PHOTOS_REPLICAS: values.replicas }
  return loadConfig({ ...process.env, ...given }, { dotenv: true })
}

try {
  await main()
} catch (error) {
  const usageError =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  const known = error instanceof ConfigError || usageError || (error instanceof Error && 'code' in error)
  console.error(known && error instanceof Error ? error.message : error)
  if (usageError) console.error(USAGE)
  process.exit(1)
}
