/** The page that an operator reads: how the relay is now, and the last day in graphs. One document, no script, nothing from elsewhere. */

import { createHash } from 'node:crypto'
import type { Meter } from '../metrics.ts'
import { chartHtml, timeOfDay } from './chart.ts'
import type { ChartParts } from './chart.ts'
import type { Gauges, RelayState } from './gauges.ts'
import type { History, Minute, Series } from './history.ts'
import { escapeHtml } from './html.ts'
import { bytesText, countText, millisecondsText, spanText } from './quantity.ts'
import { STATUS_STYLE } from './status-style.ts'

const BUCKET_MINUTES = 10
const HOUR_MINUTES = 60
const REFRESH_SECONDS = 60

export interface StatusParts {
  readonly state: RelayState
  readonly gauges: Gauges
  readonly meter: Meter
  readonly history: History
  readonly lastMinute: Minute | null
  readonly startedAtMs: number
  readonly nowMs: number
  /** Loads itself anew every minute: only for those who asked, as it takes the place away from who reads. */
  readonly refreshes: boolean
}

/** The one style that the page may have, by its hash; nothing else runs, loads, frames or sends. */
export const STATUS_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STATUS_STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const STATE_WORDS: Readonly<Record<RelayState, string>> = {
  starting: 'Starting',
  running: 'Running',
  draining: 'Stopping: answers what is under way',
}

export function statusPage(parts: StatusParts): string {
  const { state, nowMs, startedAtMs, refreshes } = parts
  const refresh = refreshes ? `<meta http-equiv="refresh" content="${REFRESH_SECONDS}">` : ''
  const link = refreshes ? '<a href="/">Stop refreshing</a>' : '<a href="/?refresh">Refresh every minute</a>'
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">${refresh}<title>Parley relay: ${STATE_WORDS[state]}</title><style>${STATUS_STYLE}</style></head>
<body><div class="top"><h1>Parley relay</h1><span class="state ${state}">${STATE_WORDS[state]}</span>
<p class="muted">Up for ${spanText(nowMs - startedAtMs)} · as of ${timeOfDay(nowMs)}, the time of the relay's machine</p>${link}</div>
<main>${noticeHtml(parts.gauges)}${tilesHtml(parts)}<div class="charts">${chartsOf(parts).map(chartHtml).join('\n')}</div>${refusalsHtml(parts.meter)}</main>
<footer><a href="/metrics">Metrics for Prometheus</a><a href="/stats.json">The numbers as JSON</a><span>Counts only: no ids, no addresses, no names.</span></footer>
</body></html>`
}

function noticeHtml({ freeDiskBytes, minFreeDiskBytes }: Gauges): string {
  if (freeDiskBytes >= minFreeDiskBytes) return ''
  const free = `${bytesText(freeDiskBytes)} are free, ${bytesText(minFreeDiskBytes)} are the floor.`
  return `<p class="notice" role="status">The disk is full: ${free} Nothing new is taken; what is held still goes out.</p>`
}

function tilesHtml({ gauges, meter }: StatusParts): string {
  const tiles: readonly [string, string][] = [
    ['Waiting for their owners', countText(gauges.envelopes)],
    ['Their bytes', bytesText(gauges.envelopeBytes)],
    ['Mailboxes', countText(gauges.mailboxes)],
    ['Owners connected', countText(gauges.owners)],
    ['Writes under way', countText(gauges.writesUnderWay)],
    ['A commit takes, mean', meanCommit(meter)],
  ]
  const items = tiles.map(([name, value]) => `<div class="tile"><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`)
  return `<dl class="tiles">${items.join('')}</dl>`
}

function meanCommit(meter: Meter): string {
  const { counts, seconds } = meter.commits
  const commits = counts.reduce((sum, count) => sum + count, 0)
  return commits === 0 ? '–' : millisecondsText((seconds * 1000) / commits)
}

function chartsOf(parts: StatusParts): readonly ChartParts[] {
  const { gauges, lastMinute } = parts
  const { minFreeDiskBytes } = gauges
  const lastCount = (series: 'deposits' | 'drains' | 'refusals'): string =>
    lastMinute === null ? '–' : `${countText(lastMinute[series])} / min`
  const counted = { shape: 'bars', note: 'in 10 minutes', text: countText } as const
  const floor = minFreeDiskBytes === 0 ? {} : { limit: { value: minFreeDiskBytes, label: 'Floor' } }
  return [
    chartOf(parts, 'deposits', { title: 'Deposits', now: lastCount('deposits'), ...counted }),
    chartOf(parts, 'drains', { title: 'Drains', now: lastCount('drains'), ...counted }),
    chartOf(parts, 'refusals', { title: 'Refusals', now: lastCount('refusals'), ...counted }),
    chartOf(parts, 'connections', {
      ...{ title: 'Connections', now: countText(gauges.connections), note: 'the most in 10 minutes' },
      ...{ shape: 'line', text: countText },
    }),
    chartOf(parts, 'freeDiskBytes', {
      ...{ title: 'Free disk', now: bytesText(gauges.freeDiskBytes), note: 'the least in 10 minutes' },
      ...{ shape: 'line', text: bytesText, ...floor },
    }),
    chartOf(parts, 'loopDelayMs', {
      ...{ title: 'Event loop delay', note: 'of 99 in 100 turns, the worst minute in 10' },
      ...{ now: lastMinute === null ? '–' : millisecondsText(lastMinute.loopDelayMs) },
      ...{ shape: 'line', text: millisecondsText },
    }),
  ]
}

function chartOf(
  { history, nowMs }: StatusParts,
  name: Series,
  looks: Omit<ChartParts, 'name' | 'buckets' | 'hours'>,
): ChartParts {
  return {
    ...looks,
    name,
    buckets: history.buckets(name, nowMs, BUCKET_MINUTES),
    hours: history.buckets(name, nowMs, HOUR_MINUTES),
  }
}

function refusalsHtml(meter: Meter): string {
  if (meter.refusals.size === 0) return ''
  const rows = [...meter.refusals]
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `<tr><th scope="row">${escapeHtml(reason)}</th><td>${countText(count)}</td></tr>`)
  return `<section class="card wide" aria-labelledby="reasons"><h2 id="reasons">Refusals since the start, by reason</h2><table><thead><tr><th scope="col">Reason</th><th scope="col">Times</th></tr></thead><tbody>${rows.join('')}</tbody></table></section>`
}
