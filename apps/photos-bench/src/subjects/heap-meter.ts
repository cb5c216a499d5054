import { GCProfiler, getHeapStatistics } from 'node:v8'

/**
 * Loaded before a server (`node --import`), tells over the channel to its parent how many bytes the server has put on V8's heap: asked
 * to `begin`, it starts to count, and asked to `end`, it answers with the count. Between two collections the heap grows by what is
 * put there, so the count is the sum of that growth.
 * https://nodejs.org/docs/latest-v20.x/api/v8.html#class-v8gcprofiler
 */
export type HeapRequest = 'begin' | 'end'

const usedBytes = (): number => getHeapStatistics().used_heap_size

let profiler: GCProfiler | undefined
let bytesAtBegin = 0

function begin(): void {
  profiler?.stop()
  profiler = new GCProfiler()
  profiler.start()
  bytesAtBegin = usedBytes()
}

function end(): number {
  let allocatedBytes = 0
  let held = bytesAtBegin
  const bytesAtEnd = usedBytes()
  for (const { beforeGC, afterGC } of profiler?.stop().statistics ?? []) {
    allocatedBytes += beforeGC.heapStatistics.usedHeapSize - held
    held = afterGC.heapStatistics.usedHeapSize
  }
  profiler = undefined
  return allocatedBytes + bytesAtEnd - held
}

process.on('message', (request: HeapRequest) => {
  if (request === 'begin') begin()
  else process.send?.(end())
})
// The channel must not keep a server running that has nothing else to do.
process.channel?.unref()
