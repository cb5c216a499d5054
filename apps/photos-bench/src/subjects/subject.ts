import type { Answers } from '../load/answer-checker.js'

/** Something that is measured: the service in one of its forms, or a control. Its name is what scenarios call it. */
export interface Subject {
  readonly description: string
  /** What its answers are checked against. */
  readonly answers: Answers['kind']
  /** It has so many times the workspaces of the scenario, and is asked for those; absent: as many. */
  readonly scale?: number | undefined
  /** Why it cannot run here, for a person; absent where it always can. */
  unavailable?(env: NodeJS.ProcessEnv): string | undefined
  /** @throws SetupError when it does not come up */
  start(context: SubjectContext): Promise<RunningSubject>
}

/** What a subject is started for. */
export interface SubjectContext {
  /** How many sample workspaces it serves. */
  readonly workspaces: number
  /** How long the average answer of the scenario is. */
  readonly answerBytes: number
  /** Whether the scenario writes: then a store is copied first, so that the next run finds the samples as they were. */
  readonly changesData: boolean
  /** Where stores are kept from run to run. */
  readonly cacheDir: string
  /** Busy-waits so long in every request, in microseconds: proves that a gate finds a slow-down. */
  readonly slowDownMicroseconds?: number | undefined
  /** Tells a person what takes so long. */
  readonly progress: (text: string) => void
}

/** Counts the bytes that a server puts on V8's heap. */
export interface HeapMeter {
  begin(): void
  /** How many since `begin`. */
  end(): Promise<number>
}

export interface RunningSubject {
  /** `http://127.0.0.1:3000` */
  readonly origin: string
  /** The processes whose use of CPU and memory counts, with all their descendants. */
  readonly pids: readonly number[]
  /** Absent where it is not one process of Node. */
  readonly heap?: HeapMeter | undefined
  /** Rejects when it dies before it is stopped. */
  readonly died: Promise<never>
  stop(): Promise<void>
}
