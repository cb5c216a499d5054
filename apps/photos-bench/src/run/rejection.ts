import { once } from 'node:events'

/** A promise that rejects with the reason when the signal aborts. */
export function rejectionOf(signal: AbortSignal): Promise<never> {
  const rejection = (async (): Promise<never> => {
    if (!signal.aborted) await once(signal, 'abort')
    throw signal.reason
  })()
  rejection.catch(() => undefined)
  return rejection
}
