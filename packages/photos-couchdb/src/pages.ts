import { notCouchdb } from './failure.js'
import { isObject, type JsonObject } from './json.js'
import type { Node } from './node.js'

export interface PageRequest {
  readonly limit: number
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Rows of `_all_docs` from an id on, which may be the first of them, in byte order of the ids.
 * https://docs.couchdb.org/en/stable/api/database/bulk-api.html#db-all-docs
 * @throws RequestFailure
 */
export async function pageOfDocuments(
  node: Node,
  from: string | undefined,
  { limit, timeoutMs, signal, withDocuments }: PageRequest & { readonly withDocuments: boolean },
): Promise<readonly (JsonObject & { readonly id: string })[]> {
  // nano makes the key JSON.
  const query = { limit, include_docs: withDocuments, ...(from === undefined ? {} : { startkey: from }) }
  return rowsIn(await node.askNano({ path: '_all_docs', query, timeoutMs, signal }), 'rows')
}

/**
 * Rows of `_changes` after a cursor, in the order of the feed.
 * https://docs.couchdb.org/en/stable/api/database/changes.html
 * @throws RequestFailure
 */
export async function pageOfChanges(
  node: Node,
  since: string,
  { limit, timeoutMs, signal, style }: PageRequest & { readonly style: 'main_only' | 'all_docs' },
): Promise<readonly (JsonObject & { readonly id: string })[]> {
  const query = { since, limit, style }
  return rowsIn(await node.askNano({ path: '_changes', query, timeoutMs, signal }), 'results')
}

function rowsIn(answer: unknown, name: string): (JsonObject & { readonly id: string })[] {
  const rows = isObject(answer) ? answer[name] : undefined
  if (!Array.isArray(rows)) throw notCouchdb(`it has no ${name}`)
  return rows.map((row: unknown) => {
    if (!isObject(row) || typeof row['id'] !== 'string') throw notCouchdb('a row has no id')
    return { ...row, id: row['id'] }
  })
}
