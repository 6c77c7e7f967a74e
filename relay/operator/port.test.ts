import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigError } from '../config.ts'
import { Meter } from '../metrics.ts'
import type { Gauges, RelayState } from './gauges.ts'
import { startOperatorPort } from './port.ts'
import type { OperatorPort } from './port.ts'

const START_MS = Date.UTC(2026, 0, 5, 12)
const GAUGES: Gauges = {
  ...{ connections: 4, owners: 2, writesUnderWay: 1, mailboxes: 3, envelopes: 9, envelopeBytes: 900 },
  ...{ freeDiskBytes: 5_000_000, minFreeDiskBytes: 1_000 },
}

let meter: Meter
let nowMs: number
let state: RelayState
let gauges: Gauges
let probe: () => Promise<void>
let port: OperatorPort

beforeEach(async () => {
  meter = new Meter()
  nowMs = START_MS
  state = 'running'
  gauges = GAUGES
  probe = () => Promise.resolve()
  port = await startOperatorPort({
    listen: '127.0.0.1:0',
    meter,
    now: () => nowMs,
    watch: {
      get state() {
        return state
      },
      gauges: () => gauges,
      probe: () => probe(),
    },
  })
})

afterEach(() => port.stop())

async function get(
  path: string,
): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }> {
  const response = await fetch(port.url + path)
  return { status: response.status, text: await response.text(), headers: response.headers }
}

test('ready while it runs, and not before or after', async () => {
  for (const [now, status] of [
    ['starting', 503],
    ['running', 200],
    ['draining', 503],
  ] as const) {
    state = now
    const answer = await get('/readyz')
    expect([answer.status, JSON.parse(answer.text)]).toEqual([status, { ready: status === 200, state: now }])
  }
})

test('healthy as long as the store answers, also while it drains', async () => {
  state = 'draining'
  expect((await get('/healthz')).status).toBe(200)
  probe = () => Promise.reject(new Error('a secret of the store'))
  const sick = await get('/healthz')
  expect(sick.status).toBe(503)
  expect(sick.text).toBe('{"healthy":false,"reason":"store"}')
})

test('metrics: counters, refusals by reason, gauges, the histogram of commits', async () => {
  meter.add('deposits', 7)
  meter.refused('relay-quota')
  meter.refused('relay-quota')
  meter.refused('token-revoked')
  meter.writing()()
  const { text, headers } = await get('/metrics')
  expect(headers.get('content-type')).toContain('text/plain; version=0.0.4')
  const lines = text.split('\n')
  for (const line of [
    'parley_relay_deposits_total 7',
    'parley_relay_refusals_total{reason="relay-quota"} 2',
    'parley_relay_refusals_total{reason="token-revoked"} 1',
    'parley_relay_queued_envelopes 9',
    'parley_relay_connections 4',
    'parley_relay_disk_free_bytes 5000000',
    '# TYPE parley_relay_commit_seconds histogram',
    'parley_relay_commit_seconds_bucket{le="+Inf"} 1',
    'parley_relay_commit_seconds_count 1',
  ]) {
    expect(lines).toContain(line)
  }
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds')
  // A second scrape counts nothing twice.
  expect((await get('/metrics')).text.split('\n')).toContain('parley_relay_deposits_total 7')
})

test('the page shows state, numbers, graphs with words and tables; nothing in it runs or loads', async () => {
  meter.add('deposits', 12)
  port.recorder.record()
  meter.refused('relay-full')
  const { text, headers } = await get('/')
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'none'/,
  )
  expect(text).not.toMatch(/<script|<link|<img|\son\w+=|\sstyle=|https?:/)
  expect(text).toContain('Running')
  for (const title of ['Deposits', 'Drains', 'Refusals', 'Connections', 'Free disk', 'Event loop delay']) {
    expect(text).toContain(`>${title}</h2>`)
    expect(text).toContain(`<caption>${title}, hour by hour</caption>`)
  }
  expect(text.match(/<svg [^>]*role="img" aria-labelledby="/g)).toHaveLength(6)
  expect(text).toContain('<p class="words" id="deposits-words">12 all the time since')
  expect(text).toContain('<th scope="row">relay-full</th><td>1</td>')
  expect(text).not.toContain('http-equiv')
  expect((await get('/?refresh')).text).toContain('http-equiv="refresh"')
})

test('a full disk is said first of all', async () => {
  expect((await get('/')).text).not.toContain('The disk is full')
  gauges = { ...GAUGES, freeDiskBytes: 999 }
  expect((await get('/')).text).toContain('The disk is full: 999 B are free, 1 KB are the floor.')
})

test('stats are the same numbers as JSON', async () => {
  meter.add('drains', 3)
  meter.refused('too-large')
  nowMs += 90_000
  const stats: unknown = JSON.parse((await get('/stats.json')).text)
  expect(stats).toMatchObject({ state: 'running', startedAtMs: START_MS, nowMs, refusals: { 'too-large': 1 } })
  expect(stats).toMatchObject({ totals: { drains: 3, deposits: 0 }, gauges: GAUGES, lastMinute: null })
})

test('a name that was pointed at this machine is not answered; nothing can be written', async () => {
  const { hostname, port: number } = new URL(port.url)
  const { request } = await import('node:http')
  const answer = await new Promise<number | undefined>((resolve, reject) => {
    request(
      { host: hostname, port: number, path: '/stats.json', headers: { host: `evil.example:${number}` } },
      (reply) => {
        reply.resume()
        resolve(reply.statusCode)
      },
    )
      .on('error', reject)
      .end()
  })
  expect(answer).toBe(421)
  expect((await fetch(`${port.url}/`, { method: 'POST' })).status).toBe(404)
})

test('a port that is taken gets a sentence', async () => {
  const listen = port.url.replace('http://', '')
  const watch = { state, gauges: () => gauges, probe }
  const second = startOperatorPort({ listen, meter, now: () => nowMs, watch })
  await expect(second).rejects.toThrow(ConfigError)
  await expect(second).rejects.toThrow(`The operator's port ${listen} cannot be listened on`)
})
