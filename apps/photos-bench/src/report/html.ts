import { isValid, type Results, type ScenarioResult } from '../run/result.js'
import { escapeText } from './escape.js'
import { formatWhole } from './format.js'
import { idOf, type Plot } from './plots.js'
import { environmentTable, scenarioLine, scenarioTable, type Table, verificationLine } from './tables.js'

/** The results as one page that needs nothing else: no script, no file, no network. */
export function toHtml(results: Results, plots: readonly Plot[]): string {
  const names = new Set(results.scenarios.map(({ scenario }) => scenario.name))
  const scaling = plots.filter(({ name }) => names.has(name.replace(/-scaling$/, '')))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spacework Photos: benchmark results</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Benchmark results</h1>
${tableHtml(environmentTable(results))}
<nav><ul>${results.scenarios.map(navEntry).join('')}</ul></nav>
${results.scenarios.map((result) => scenarioSection(result, plots)).join('\n')}
${scaling.length === 0 ? '' : `<section><h2>By size</h2><div class="figures">${scaling.map(figure).join('\n')}</div></section>`}
</main>
</body>
</html>
`
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --warn: #d55e00; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 }
main { max-width: 80rem; margin: 0 auto; padding: 1.5rem; box-sizing: border-box; overflow-wrap: anywhere }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
.scroll { overflow-x: auto }
th, td { padding: .25rem .75rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap }
th:first-child, td:first-child, .facts td { text-align: left }
.facts td { white-space: normal }
.facts td:first-child { white-space: nowrap; overflow-wrap: normal }
.warning { border-left: 4px solid var(--warn); padding-left: .75rem }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(36rem, 100%), 1fr)); gap: 1rem }
figure { margin: 0; overflow-x: auto; max-width: 45rem }
svg { display: block; width: 100%; min-width: 36rem; height: auto; box-sizing: border-box; border: 1px solid var(--line) }
h2 small { font-weight: normal }
`

function navEntry(result: ScenarioResult): string {
  const { name } = result.scenario
  return `<li><a href="#${idOf(result)}">${escapeText(name)} <small>${workspacesOf(result)}</small></a></li>`
}

const workspacesOf = ({ scenario: { workspaces } }: ScenarioResult): string =>
  `${formatWhole(workspaces)} workspaces`

function scenarioSection(result: ScenarioResult, plots: readonly Plot[]): string {
  const { scenario, warnings, verification } = result
  const own = plots.filter(
    ({ name }) => name === `${idOf(result)}-latency` || name === `${idOf(result)}-throughput`,
  )
  const notes = [
    ...(isValid(result) ? [] : ['Not valid: these figures mean nothing.']),
    ...verification.wrongAnswers.map(
      ({ subject, request, problem }) => `${subject}: ${request} was answered with ${problem}`,
    ),
    ...warnings.map((warning) => `${warning}.`),
  ]
  return `<section id="${idOf(result)}">
<h2>${escapeText(scenario.name)} <small>${workspacesOf(result)}</small></h2>
<p>${escapeText(scenario.description)}.<br>${escapeText(scenarioLine(result))}.</p>
${tableHtml(scenarioTable(result))}
<p>${escapeText(verificationLine(result))}.</p>
${notes.map((note) => `<p class="warning">${escapeText(note)}</p>`).join('\n')}
<div class="figures">${own.map(figure).join('\n')}</div>
</section>`
}

const figure = ({ svg }: Plot): string => `<figure>${svg}</figure>`

function tableHtml({ head, rows }: Table): string {
  const cells = (tag: 'td' | 'th', texts: readonly string[]): string =>
    `<tr>${texts.map((text) => `<${tag}>${escapeText(text)}</${tag}>`).join('')}</tr>`
  const facts = head.every((text) => text === '')
  const headRow = facts ? '' : `<thead>${cells('th', head)}</thead>`
  const body = rows.map((row) => cells('td', row)).join('')
  return `<div class="scroll"><table${facts ? ' class="facts"' : ''}>${headRow}<tbody>${body}</tbody></table></div>`
}
