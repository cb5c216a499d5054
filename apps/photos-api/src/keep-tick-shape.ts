import { executionAsyncResource } from 'node:async_hooks'

/*
 * Node makes an object for every process.nextTick, about five for a request, with computed keys. V8 remembers how only for as
 * long as the object's shape lives, and a garbage collection that finds no such object alive ends that for the rest of the
 * process: from then on each one is made by a call into the runtime, about 5 % of the CPU of a small answer (seen with Node
 * 20.20). One that stays alive keeps the shape.
 */
const kept: object[] = []
process.nextTick(() => kept.push(executionAsyncResource()))
