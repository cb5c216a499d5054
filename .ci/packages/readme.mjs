/** The blocks of code in a Markdown text whose fence says `name=value`: ```` ```ts file=example.ts ````. */
function blocksMarked(markdown, name) {
  const fences = markdown.matchAll(/^```(\S*) ([^\n]+)\n([\s\S]*?)^```$/gm)
  return [...fences].flatMap(([, , info = '', text = '']) => {
    const value = new RegExp(`(?:^| )${name}=(\\S+)`).exec(info)?.[1]
    return value === undefined ? [] : [{ file: value, text }]
  })
}

/**
 * The examples of a README that can be run, and what each prints, where the README says so. One without code is an
 * output whose code has got lost.
 */
export function examplesIn(markdown) {
  const codes = new Map(blocksMarked(markdown, 'file').map(({ file, text }) => [file, text]))
  const outputs = new Map(blocksMarked(markdown, 'output').map(({ file, text }) => [file, text]))
  const files = [...new Set([...codes.keys(), ...outputs.keys()])]
  return files.map((file) => ({ file, code: codes.get(file), output: outputs.get(file) }))
}
