import { escapeText } from './escape.js'

/*
 * A small line chart as SVG text: enough for what the reports show, drawn on white so that it reads on any page, without
 * a script or a font of its own.
 */

export interface Axis {
  readonly label: string
  readonly kind: 'linear' | 'log'
  /** Where lines and numbers stand; the axis reaches from the first or the least value to the last or the greatest. */
  readonly ticks: readonly number[]
  readonly format: (value: number) => string
}

export type Point = readonly [x: number, y: number]

export interface Series {
  readonly name: string
  /** Runs of points; each run is joined by a line of its own. */
  readonly runs: readonly (readonly Point[])[]
  /** Marks each point with a dot. */
  readonly dots?: boolean
}

export interface Chart {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
}

const WIDTH = 720
const HEIGHT = 360
/** On the right there is room for half of the last number below the axis. */
const MARGIN = { top: 64, right: 38, bottom: 56, left: 76 }

/** Told apart by people who do not see all colours (M. Okabe, K. Ito, "Color Universal Design", 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '', '7 3'] as const

export function toSvg({ title, x, y, series }: Chart): string {
  const points = series.flatMap(({ runs }) => runs.flat())
  const xScale = scaleOf(
    x,
    points.map(([value]) => value),
    MARGIN.left,
    WIDTH - MARGIN.right,
  )
  const yScale = scaleOf(
    y,
    points.map(([, value]) => value),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  )
  const middle = (MARGIN.top + HEIGHT - MARGIN.bottom) / 2
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(title)}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="22" font-size="15" font-weight="600" fill="#111">${escapeText(title)}</text>`,
    ...legend(series),
    ...x.ticks.map((tick) => verticalLine(xScale(tick), x.format(tick))),
    ...y.ticks.map((tick) => horizontalLine(yScale(tick), y.format(tick))),
    `<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 10}" text-anchor="middle" fill="#444">${escapeText(x.label)}</text>`,
    `<text transform="translate(16 ${middle}) rotate(-90)" text-anchor="middle" fill="#444">${escapeText(y.label)}</text>`,
    ...series.flatMap((one, place) => seriesShapes(one, place, xScale, yScale)),
    '</svg>',
  ].join('\n')
}

type Scale = (value: number) => number

function scaleOf({ kind, ticks }: Axis, values: readonly number[], from: number, to: number): Scale {
  const along = kind === 'log' ? Math.log10 : (value: number) => value
  const least = along(Math.min(...ticks, ...values))
  const range = along(Math.max(...ticks, ...values)) - least || 1
  return (value) => from + ((along(value) - least) / range) * (to - from)
}

/** A wide letter; the width of a text is not known where the chart is made. */
const LETTER_WIDTH = 7

function legend(series: readonly Series[]): string[] {
  let left = MARGIN.left
  return series.map(({ name }, place) => {
    const entry = `<line x1="${left}" y1="42" x2="${left + 26}" y2="42" ${strokeOf(place)}/><text x="${left + 32}" y="46" fill="#111">${escapeText(name)}</text>`
    left += 52 + name.length * LETTER_WIDTH
    return entry
  })
}

const verticalLine = (x: number, text: string): string =>
  `<line x1="${round(x)}" y1="${MARGIN.top}" x2="${round(x)}" y2="${HEIGHT - MARGIN.bottom}" stroke="#ddd"/><text x="${round(x)}" y="${HEIGHT - MARGIN.bottom + 20}" text-anchor="middle" fill="#444">${escapeText(text)}</text>`

const horizontalLine = (y: number, text: string): string =>
  `<line x1="${MARGIN.left}" y1="${round(y)}" x2="${WIDTH - MARGIN.right}" y2="${round(y)}" stroke="#ddd"/><text x="${MARGIN.left - 8}" y="${round(y) + 4}" text-anchor="end" fill="#444">${escapeText(text)}</text>`

function seriesShapes({ runs, dots }: Series, place: number, x: Scale, y: Scale): string[] {
  const at = ([px, py]: Point): string => `${round(x(px))},${round(y(py))}`
  const lines = runs.map(
    (run) => `<polyline points="${run.map(at).join(' ')}" fill="none" ${strokeOf(place)}/>`,
  )
  const marks = runs
    .flat()
    .map(([px, py]) => `<circle cx="${round(x(px))}" cy="${round(y(py))}" r="4" fill="${colourOf(place)}"/>`)
  return dots ? [...lines, ...marks] : lines
}

const colourOf = (place: number): string => COLOURS[place % COLOURS.length] ?? COLOURS[0]

function strokeOf(place: number): string {
  const dash = DASHES[place % DASHES.length]
  return `stroke="${colourOf(place)}" stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ''}`
}

const round = (value: number): number => Math.round(value * 10) / 10
