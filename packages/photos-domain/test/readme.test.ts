import { readFileSync } from 'node:fs'
import * as domain from 'photos-domain'
import t from 'tap'

const textOf = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const readme = textOf('../README.md')

/** The first cells of the table under a heading, without their quotes. */
function firstCellsUnder(heading: string): string[] {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split(/\n##+ /)[0] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  return rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  )
}

t.test('the README lists every error code there is, and no other', (t) => {
  const union = /type PhotosErrorCode =([^;]+)/.exec(textOf('../dist/errors.d.ts'))?.[1] ?? ''
  const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code)
  t.ok(codes.includes('INVALID_INPUT'))
  t.strictSame(firstCellsUnder('Errors').sort(), codes.sort())
  t.end()
})

t.test('what the README says is exported is exported', (t) => {
  const types = ['PhotoRepository']
  const names = firstCellsUnder('What is in it')
  t.ok(names.length > 15)
  for (const name of names.filter((name) => !types.includes(name))) t.ok(name in domain, name)
  t.end()
})
