import { Server } from 'node:http'

/**
 * Loaded before a service (`node --import`), makes every request of it cost so much more CPU. It shows that a gate finds a
 * slow-down of the hot path, without a line of it in the service.
 */
const slowDownMs = Number(process.env['BENCH_SLOW_DOWN_MICROSECONDS']) / 1000
const emit = Server.prototype.emit

Server.prototype.emit = function slowEmit(this: Server, event: string | symbol, ...args: unknown[]): boolean {
  if (event === 'request') {
    const end = performance.now() + slowDownMs
    while (performance.now() < end);
  }
  return Reflect.apply(emit, this, [event, ...args])
}
