/** `parley-relay stats`: asks the relay that runs, at its loopback port. */

import { join } from 'node:path'
import { ConfigError } from '../config.ts'
import { OPERATOR_FILE } from '../data-files.ts'
import { bytesText, countText, millisecondsText, spanText } from '../operator/quantity.ts'
import type { RelayStats } from '../operator/stats.ts'
import { readWhole } from '../whole-file.ts'

const ANSWER_WITHIN_MS = 5_000

export async function stats({ data, json }: { readonly data: string; readonly json?: boolean }): Promise<void> {
  const answer = await ask(data)
  process.stdout.write(json === true ? `${JSON.stringify(answer)}\n` : statsText(answer))
}

/** @throws ConfigError when none runs, or its port is off */
async function ask(dataDir: string): Promise<RelayStats> {
  const url = readWhole(join(dataDir, OPERATOR_FILE))
  if (url === null) {
    throw new ConfigError(`No relay runs in ${dataDir}, or its operator.listen is "off".`)
  }
  try {
    const base = new TextDecoder().decode(url).trim()
    const response = await fetch(`${base}/stats.json`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
    return (await response.json()) as RelayStats
  } catch (cause) {
    throw new ConfigError(`The relay in ${dataDir} does not answer: it may have been killed, or be busy.`, { cause })
  }
}

export function statsText({ state, startedAtMs, nowMs, totals, refusals, gauges, lastMinute }: RelayStats): string {
  const total = (name: string): number => totals[name] ?? 0
  const rows: readonly (readonly [string, string])[] = [
    ['state', `${state}, for ${spanText(nowMs - startedAtMs)}`],
    ['mailboxes', `${countText(gauges.mailboxes)}, ${countText(gauges.owners)} owners connected`],
    ['waiting', `${countText(gauges.envelopes)} envelopes, ${bytesText(gauges.envelopeBytes)}`],
    ['connections', countText(gauges.connections)],
    ['deposits', `${countText(total('deposits'))}, ${bytesText(total('depositBytes'))}`],
    ['pushes', `${countText(total('pushes'))}, ${bytesText(total('pushBytes'))}`],
    ['drains', countText(total('drains'))],
    ['attachments', `${bytesText(total('blobBytesIn'))} in, ${bytesText(total('blobBytesOut'))} out`],
    ['free disk', `${bytesText(gauges.freeDiskBytes)}, floor ${bytesText(gauges.minFreeDiskBytes)}`],
    ...(lastMinute === null
      ? []
      : ([
          ['last minute', `${countText(lastMinute.deposits)} deposits, ${countText(lastMinute.drains)} drains`],
          ['event loop', `${millisecondsText(lastMinute.loopDelayMs)} late in 99 of 100 turns at most`],
        ] as const)),
    ...Object.entries(refusals).map(([reason, count]) => [`refused: ${reason}`, countText(count)] as const),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}
