import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Behaviour, ReceivedRequest } from './chaos-server.js'

/*
 * A model of a CouchDB cluster that keeps three copies of each document: each copy decides about each write for itself, in the
 * order in which writes reach it, which is another one for each copy. It follows merge_rev_tree of couch_db_updater.erl,
 * fabric_doc_update.erl and fabric_open_revs.erl of CouchDB 3.5 (https://github.com/apache/couchdb/tree/3.5.x/src).
 */

interface Revision {
  readonly rev: string
  readonly parent: string | undefined
  readonly isDeleted: boolean
  readonly body: object
}

/** The revisions of one document that one copy has, by their names. */
type Tree = Map<string, Revision>

const QUORUM = 2
const countOf = (rev: string): number => Number(rev.slice(0, rev.indexOf('-')))

class Copy {
  readonly #trees = new Map<string, Tree>()

  leaves(id: string): Revision[] {
    const revisions = [...(this.#trees.get(id)?.values() ?? [])]
    return revisions.filter(({ rev }) => !revisions.some(({ parent }) => parent === rev))
  }

  /** From a leaf to its root. */
  path(id: string, rev: string): Revision[] {
    const path: Revision[] = []
    for (
      let at = this.#trees.get(id)?.get(rev);
      at !== undefined;
      at = this.#trees.get(id)?.get(at.parent ?? '')
    )
      path.push(at)
    return path
  }

  /** The new revision; undefined for a conflict. */
  write(id: string, parent: string | undefined, isDeleted: boolean, body: object): string | undefined {
    const leaves = this.leaves(id)
    const areAllDeleted = leaves.every((leaf) => leaf.isDeleted)
    if (parent === undefined ? !areAllDeleted : areAllDeleted || !leaves.some(({ rev }) => rev === parent))
      return undefined
    const onto =
      parent ??
      leaves
        .map(({ rev }) => rev)
        .toSorted(compareRevs)
        .at(-1)
    const digest = createHash('md5')
      .update(JSON.stringify([isDeleted, onto, body]))
      .digest('hex')
    const rev = `${onto === undefined ? 1 : countOf(onto) + 1}-${digest}`
    this.merge(id, [{ rev, parent: onto, isDeleted, body }])
    return rev
  }

  merge(id: string, path: readonly Revision[]): void {
    const tree: Tree = this.#trees.get(id) ?? new Map()
    this.#trees.set(id, tree)
    for (const revision of path) if (!tree.has(revision.rev)) tree.set(revision.rev, revision)
  }
}

function compareRevs(a: string, b: string): number {
  return countOf(a) - countOf(b) || (a < b ? -1 : Number(a > b))
}

export class ThreeCopies {
  readonly copies: readonly Copy[] = [new Copy(), new Copy(), new Copy()]
  readonly #random: () => number
  #underWay = 0
  /** How many writes fewer copies than the quorum have accepted. */
  shortWrites = 0

  constructor(random: () => number) {
    this.#random = random
  }

  /** Resolves once every copy has what any has. */
  async atRest(): Promise<void> {
    while (this.#underWay > 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }

  readonly behaviour: Behaviour = async (request, response) => {
    const [path = '', query = ''] = request.url.slice('/db/'.length).split('?')
    if (path === '_bulk_docs') return this.#bulkDocs(request, response)
    if (path === '_bulk_get') return this.#bulkGet(request, response)
    if (query.startsWith('open_revs=all')) return this.#openRevs(decodeURIComponent(path), response)
    return this.#get(decodeURIComponent(path), response)
  }

  async #bulkDocs({ body }: ReceivedRequest, response: ServerResponse): Promise<void> {
    const { docs } = JSON.parse(body) as { readonly docs: readonly Record<string, unknown>[] }
    const rows = await Promise.all(docs.map((doc) => this.#write(doc)))
    const isShort = rows.some((row) => Reflect.has(row, 'accepted'))
    send(response, isShort ? 202 : 201, rows)
  }

  async #write({ _id, _rev, _deleted = false, ...body }: Record<string, unknown>): Promise<object> {
    const id = String(_id)
    const parent = _rev === undefined ? undefined : String(_rev)
    const replies: (string | undefined)[] = []
    return new Promise((resolve) => {
      for (const copy of this.copies) {
        void this.#soon(() => {
          const rev = copy.write(id, parent, _deleted === true, body)
          if (rev !== undefined) void this.#replicate(copy, id, rev)
          replies.push(rev)
          const agreed = replies.filter((reply) => reply !== undefined && reply === rev).length
          if (agreed >= QUORUM) resolve({ ok: true, id, rev })
          if (replies.length < this.copies.length) return
          const accepted = replies.find((reply) => reply !== undefined)
          if (accepted === undefined) resolve({ id, error: 'conflict', reason: 'Document update conflict.' })
          else if (replies.filter((reply) => reply === accepted).length < QUORUM) {
            this.shortWrites++
            resolve({ ok: true, id, rev: accepted, accepted: true })
          }
        })
      }
    })
  }

  /** What one copy has taken reaches the others some time. */
  async #replicate(from: Copy, id: string, rev: string): Promise<void> {
    const path = from.path(id, rev)
    for (const copy of this.copies) void this.#soon(() => copy.merge(id, path), 300)
  }

  /** The leaves that copies answer with, asked in any order, until `r` of them agree. */
  async #read(
    id: string,
    r: number,
  ): Promise<readonly { readonly leaf: Revision; readonly path: readonly Revision[] }[]> {
    const merged = new Copy()
    const answers: string[] = []
    for (const copy of this.copies.toSorted(() => this.#random() - 0.5)) {
      await this.#soon(() => {
        const leaves = copy.leaves(id)
        for (const { rev } of leaves) merged.merge(id, copy.path(id, rev))
        if (leaves.length > 0)
          answers.push(
            leaves
              .map(({ rev }) => rev)
              .toSorted()
              .join(),
          )
      }, 2)
      if (answers.length >= r && answers.filter((answer) => answer === answers[0]).length >= r) break
    }
    return merged.leaves(id).map((leaf) => ({ leaf, path: merged.path(id, leaf.rev) }))
  }

  /** Every leaf of every copy, of which each copy gets what it lacks. */
  async #openRevs(id: string, response: ServerResponse): Promise<void> {
    const leaves = await this.#read(id, this.copies.length + 1)
    for (const copy of this.copies) {
      for (const { path } of leaves) void this.#soon(() => copy.merge(id, path))
    }
    if (leaves.length === 0) send(response, 404, { error: 'not_found', reason: 'missing' })
    else
      send(
        response,
        200,
        leaves.map(({ leaf, path }) => ({ ok: documentOf(id, leaf, path) })),
      )
  }

  async #bulkGet({ body }: ReceivedRequest, response: ServerResponse): Promise<void> {
    const { docs } = JSON.parse(body) as { readonly docs: readonly { readonly id: string }[] }
    const results = docs.map(async ({ id }) => {
      const leaves = await this.#read(id, QUORUM)
      if (leaves.length === 0)
        return { id, docs: [{ error: { id, rev: 'undefined', error: 'not_found', reason: 'missing' } }] }
      return { id, docs: leaves.map(({ leaf, path }) => ({ ok: documentOf(id, leaf, path) })) }
    })
    send(response, 200, { results: await Promise.all(results) })
  }

  async #get(id: string, response: ServerResponse): Promise<void> {
    const leaves = await this.#read(id, QUORUM)
    const live = leaves
      .filter(({ leaf }) => !leaf.isDeleted)
      .toSorted((a, b) => compareRevs(b.leaf.rev, a.leaf.rev))
    const [winner, ...losers] = live
    if (winner === undefined) {
      send(response, 404, { error: 'not_found', reason: leaves.length === 0 ? 'missing' : 'deleted' })
    } else {
      const conflicts = losers.length === 0 ? {} : { _conflicts: losers.map(({ leaf }) => leaf.rev) }
      send(response, 200, { ...documentOf(id, winner.leaf, winner.path), ...conflicts })
    }
  }

  async #soon(act: () => void, withinMs = 4): Promise<void> {
    this.#underWay++
    await new Promise((resolve) => setTimeout(resolve, this.#random() * withinMs))
    act()
    this.#underWay--
  }
}

function documentOf(_id: string, { rev, isDeleted, body }: Revision, path: readonly Revision[]): object {
  const _revisions = {
    start: countOf(rev),
    ids: path.map((revision) => revision.rev.slice(revision.rev.indexOf('-') + 1)),
  }
  return { _id, _rev: rev, ...(isDeleted ? { _deleted: true } : {}), ...body, _revisions }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
