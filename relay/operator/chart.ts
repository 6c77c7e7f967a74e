/** One series of the last day as a picture, a sentence and a table. */

import { escapeHtml } from './html.ts'
import type { Bucket } from './history.ts'

const BUCKET_WIDTH = 4
const BAR_WIDTH = 3
const HEIGHT = 100
const AXIS_TIMES = 7
const TABLE_ROWS = 24

export interface ChartParts {
  /** For ids in the page. */
  readonly name: string
  readonly title: string
  /** What a value is about: "in 10 minutes", "at the most". */
  readonly note: string
  readonly shape: 'bars' | 'line'
  readonly buckets: readonly Bucket[]
  /** The same in hours, for the table. */
  readonly hours: readonly Bucket[]
  readonly now: string
  readonly text: (value: number) => string
  /** A value that must not be crossed. */
  readonly limit?: { readonly value: number; readonly label: string }
}

export function chartHtml(chart: ChartParts): string {
  const { name, title, note, now } = chart
  return `<section class="card" aria-labelledby="${name}-title">
<header><h2 id="${name}-title">${escapeHtml(title)}</h2><p class="note">${escapeHtml(note)}</p><p class="now">${escapeHtml(now)}</p></header>
${pictureHtml(chart)}
<details><summary>As a table</summary>${tableHtml(chart)}</details>
</section>`
}

function pictureHtml(chart: ChartParts): string {
  const { name, buckets, text, limit } = chart
  const known = valuesOf(buckets)
  const top = niceTop(Math.max(...known, limit?.value ?? 0, 0))
  const width = buckets.length * BUCKET_WIDTH
  const marks = chart.shape === 'bars' ? barsSvg(buckets, top) : lineSvg(buckets, top)
  const floor =
    limit === undefined
      ? ''
      : `<line class="limit" x1="0" x2="${width}" ${atY('y1', limit.value, top)} ${atY('y2', limit.value, top)}/>`
  return `<div class="plot">
<div class="axis-y" aria-hidden="true"><span>${text(top)}</span><span>${text(top / 2)}</span><span>${text(0)}</span></div>
<svg viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-labelledby="${name}-title ${name}-words">
<line class="grid" x1="0" x2="${width}" y1="0" y2="0"/><line class="grid" x1="0" x2="${width}" y1="50" y2="50"/><line class="grid" x1="0" x2="${width}" y1="100" y2="100"/>
${marks}${floor}
<g aria-hidden="true">${hoverSvg(chart)}</g>
</svg>
<div class="axis-x" aria-hidden="true">${axisTimes(buckets)}</div>
</div>
<p class="words" id="${name}-words">${escapeHtml(sentenceOf(chart))}</p>`
}

function valuesOf(buckets: readonly Bucket[]): readonly number[] {
  return buckets.map(({ value }) => value).filter((value) => value !== null)
}

/** A round number at or above the value, whose half is round as well. */
export function niceTop(value: number): number {
  if (value <= 0) return 2
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 3, 4, 5, 6, 8, 10].find((candidate) => candidate * power >= value) ?? 10
  return Math.max(2, step * power)
}

function y(value: number, top: number): number {
  return round(HEIGHT - (value / top) * HEIGHT)
}

function atY(attribute: string, value: number, top: number): string {
  return `${attribute}="${y(value, top)}"`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function barsSvg(buckets: readonly Bucket[], top: number): string {
  const bars = buckets.map(({ value }, index) => {
    if (value === null || value === 0) return ''
    const height = Math.max(1, HEIGHT - y(value, top))
    return `<rect class="bar" x="${index * BUCKET_WIDTH}" y="${round(HEIGHT - height)}" width="${BAR_WIDTH}" height="${round(height)}"/>`
  })
  return bars.join('')
}

/** Where nothing was measured the line has a gap. */
function lineSvg(buckets: readonly Bucket[], top: number): string {
  const runs: string[][] = [[]]
  for (const [index, { value }] of buckets.entries()) {
    if (value === null) {
      if (runs.at(-1)?.length !== 0) runs.push([])
      continue
    }
    runs.at(-1)?.push(`${index * BUCKET_WIDTH} ${y(value, top)}`, `${(index + 1) * BUCKET_WIDTH} ${y(value, top)}`)
  }
  return runs
    .filter((run) => run.length > 0)
    .map((run) => {
      const [start = ''] = run
      const [startX = '0'] = start.split(' ')
      const [endX = '0'] = (run.at(-1) ?? '').split(' ')
      const line = `M${run.join('L')}`
      return `<path class="area" d="${line}L${endX} ${HEIGHT}L${startX} ${HEIGHT}Z"/><path class="line" d="${line}"/>`
    })
    .join('')
}

/** A strip over each bucket that says its value under the pointer. */
function hoverSvg({ buckets, text }: ChartParts): string {
  const strips = buckets.map(({ startsAtMs, value }, index) => {
    if (value === null) return ''
    const words = `${timeOfDay(startsAtMs)} · ${text(value)}`
    return `<rect class="strip" x="${index * BUCKET_WIDTH}" y="0" width="${BUCKET_WIDTH}" height="${HEIGHT}"><title>${escapeHtml(words)}</title></rect>`
  })
  return strips.join('')
}

/** At the starts of buckets, so that the times are round. */
function axisTimes(buckets: readonly Bucket[]): string {
  const step = buckets.length / (AXIS_TIMES - 1)
  const times = Array.from({ length: AXIS_TIMES - 1 }, (_, index) => buckets[Math.round(index * step)]?.startsAtMs ?? 0)
  return [...times.map(timeOfDay), 'now'].map((words) => `<span>${words}</span>`).join('')
}

function sentenceOf({ buckets, text, limit }: ChartParts): string {
  const known = buckets.filter((bucket): bucket is Bucket & { readonly value: number } => bucket.value !== null)
  const [first] = known
  if (first === undefined) return 'Nothing was measured yet: the first point comes after a minute.'
  const highest = known.reduce((best, bucket) => (bucket.value > best.value ? bucket : best), first)
  const lowest = known.reduce((best, bucket) => (bucket.value < best.value ? bucket : best), first)
  const line = limit === undefined ? '' : ` ${limit.label}: ${text(limit.value)}.`
  if (highest.value === lowest.value)
    return `${text(first.value)} all the time since ${timeOfDay(first.startsAtMs)}.${line}`
  const high = `Highest ${text(highest.value)} at ${timeOfDay(highest.startsAtMs)}`
  return `${high}, lowest ${text(lowest.value)} at ${timeOfDay(lowest.startsAtMs)}.${line}`
}

function tableHtml({ title, hours, text }: ChartParts): string {
  const rows = hours
    .slice(-TABLE_ROWS)
    .map(
      ({ startsAtMs, value }) =>
        `<tr><th scope="row">${timeOfDay(startsAtMs)}</th><td>${value === null ? '–' : text(value)}</td></tr>`,
    )
  return `<table><caption>${escapeHtml(title)}, hour by hour</caption><thead><tr><th scope="col">From</th><th scope="col">Value</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

/** In the time zone of the relay's machine. */
export function timeOfDay(timeMs: number): string {
  const date = new Date(timeMs)
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`
}
