import type { WorkspaceId, WorkspaceRecord } from 'photos-domain'

/** A read of one workspace that is under way, for everyone who waits for it. */
export interface Flight {
  /** When it began, on the process's clock: what it brings was current then or later. */
  readonly asOfMs: number
  readonly record: Promise<WorkspaceRecord>
}

/**
 * The reads that are under way and may be joined, one for each workspace. Each change of a workspace ends an epoch: whoever comes
 * after it finds no flight to join, since one that began before it may bring the older record.
 */
export class Flights {
  readonly #flights = new Map<WorkspaceId, Flight>()

  get(workspaceId: WorkspaceId): Flight | undefined {
    return this.#flights.get(workspaceId)
  }

  /** Lets others join the flight until it has landed, another one takes its place, or {@link endEpoch}. */
  add(workspaceId: WorkspaceId, flight: Flight): void {
    this.#flights.set(workspaceId, flight)
    const landed = () => {
      if (this.#flights.get(workspaceId) === flight) this.#flights.delete(workspaceId)
    }
    flight.record.then(landed, landed)
  }

  endEpoch(workspaceId: WorkspaceId): void {
    this.#flights.delete(workspaceId)
  }
}

/**
 * Reads that must not be older than those who ask for them. Nobody joins one that has begun; while one is under way, those who
 * come share the next one, which begins when it is over. So there is one at a time for each workspace, however many ask.
 */
export class FreshReads {
  readonly #running = new Map<
    WorkspaceId,
    { last: Promise<unknown>; next: Promise<WorkspaceRecord> | undefined }
  >()

  read(workspaceId: WorkspaceId, load: () => Promise<WorkspaceRecord>): Promise<WorkspaceRecord> {
    const running = this.#running.get(workspaceId)
    if (running === undefined) {
      const queue = { last: Promise.resolve<unknown>(undefined), next: undefined }
      this.#running.set(workspaceId, queue)
      return this.#run(workspaceId, queue, load())
    }
    running.next ??= this.#run(
      workspaceId,
      running,
      running.last.then(() => {
        running.next = undefined
        return load()
      }),
    )
    return running.next
  }

  #run(
    workspaceId: WorkspaceId,
    queue: { last: Promise<unknown> },
    record: Promise<WorkspaceRecord>,
  ): Promise<WorkspaceRecord> {
    const last = record.then(
      () => undefined,
      () => undefined,
    )
    queue.last = last
    void last.then(() => {
      if (queue.last === last) this.#running.delete(workspaceId)
    })
    return record
  }
}
