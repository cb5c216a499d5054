import cluster, { type Worker } from 'node:cluster'

const RESTART_DELAY_MS = 1000

/**
 * Runs `count` replicas as processes that share one port, and starts a new one where one dies. A signal is passed on, and
 * when the last replica has gone this process exits. Resolves to the URL once the first one listens.
 */
export function runReplicas(count: number): Promise<string> {
  return new Promise((resolve) => {
    const hasListened = new WeakSet<Worker>()
    let closing = false
    let exitCode = 0

    const close = (signal: NodeJS.Signals): void => {
      closing = true
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal)
    }
    process.on('SIGTERM', close)
    process.on('SIGINT', close)

    cluster.on('listening', (worker, { address, port }) => {
      hasListened.add(worker)
      const host = address === null || address === '0.0.0.0' || address === '::' ? 'localhost' : address
      resolve(`http://${host}:${port}`)
    })
    cluster.on('exit', (worker, code, signal) => {
      // One that never came up will not come up the next time either: the port is taken, or the store cannot be opened.
      if (!hasListened.has(worker) && !closing) {
        exitCode = code || 1
        close('SIGTERM')
      }
      if (code !== 0 && closing) exitCode ||= code
      if (!closing) {
        console.error(`replica ${worker.process.pid} died (${signal ?? code}); starting another`)
        setTimeout(() => !closing && cluster.fork(), RESTART_DELAY_MS)
      }
      if (Object.keys(cluster.workers ?? {}).length === 0 && closing) process.exit(exitCode)
    })
    for (let i = 0; i < count; i++) cluster.fork()
  })
}
