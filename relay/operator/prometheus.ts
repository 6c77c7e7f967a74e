/** The numbers in Prometheus' text format. The only file that knows its library. */

import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { COMMIT_BUCKETS_SECONDS } from '../metrics.ts'
import type { Counted, Meter } from '../metrics.ts'
import type { Gauges } from './gauges.ts'

const COUNTERS: Readonly<Record<Counted, readonly [name: string, help: string]>> = {
  deposits: ['deposits_total', 'Envelopes that were stored for a mailbox; repeated ones are none'],
  depositBytes: ['deposit_bytes_total', 'Their bytes'],
  pushes: ['pushes_total', 'Envelopes that were sent to connected owners'],
  pushBytes: ['push_bytes_total', 'Their bytes'],
  drains: ['drains_total', 'Envelopes that their owners acknowledged'],
  mailboxesOpened: ['mailboxes_opened_total', 'Mailboxes that were opened'],
  prekeysTaken: ['prekeys_taken_total', 'Items that the prekey directory handed out'],
  invitesTaken: ['invites_taken_total', 'Invite bundles that were handed out'],
  blobBytesIn: ['blob_in_bytes_total', 'Bytes of attachments that were taken'],
  blobBytesOut: ['blob_out_bytes_total', 'Bytes of attachments that were handed out'],
  damagedPages: ['damaged_pages_total', 'How often a page of the database could not be read'],
  damagedEnvelopes: ['damaged_envelopes_total', 'How often an envelope on the disk was not what its id says'],
}

const GAUGES: Readonly<Record<keyof Gauges, readonly [name: string, help: string]>> = {
  connections: ['connections', 'Open libp2p connections'],
  owners: ['owners_connected', 'Owners of mailboxes who are connected'],
  writesUnderWay: ['writes_under_way', 'Writes that wait for the disk'],
  mailboxes: ['mailboxes', 'Mailboxes, as of the last count'],
  envelopes: ['queued_envelopes', 'Envelopes that wait for their owners, as of the last count'],
  envelopeBytes: ['queued_bytes', 'Their bytes'],
  freeDiskBytes: ['disk_free_bytes', 'Free space where the data folder is'],
  minFreeDiskBytes: ['disk_floor_bytes', 'With less free space nothing new is taken'],
}

export interface PrometheusText {
  readonly contentType: string
  text(): Promise<string>
}

export function prometheusText(meter: Meter, gauges: () => Gauges): PrometheusText {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  for (const [counted, [name, help]] of Object.entries(COUNTERS) as [Counted, readonly [string, string]][]) {
    new Counter({
      ...{ name: `parley_relay_${name}`, help, registers },
      collect() {
        this.reset()
        this.inc(meter.total(counted))
      },
    })
  }
  new Counter({
    ...{
      name: 'parley_relay_refusals_total',
      help: 'What was turned down, by the code that the client was told',
      registers,
    },
    labelNames: ['reason'],
    collect() {
      this.reset()
      for (const [reason, count] of meter.refusals) this.inc({ reason }, count)
    },
  })
  for (const [gauge, [name, help]] of Object.entries(GAUGES) as [keyof Gauges, readonly [string, string]][]) {
    new Gauge({
      ...{ name: `parley_relay_${name}`, help, registers },
      collect() {
        this.set(gauges()[gauge])
      },
    })
  }
  return {
    contentType: registry.contentType,
    text: async () => `${await registry.metrics()}\n${commitHistogram(meter)}`,
  }
}

/** Written by hand: the meter has counted in buckets already, so that a commit costs no more than an addition. */
function commitHistogram(meter: Meter): string {
  const name = 'parley_relay_commit_seconds'
  const { counts, seconds } = meter.commits
  let below = 0
  const lines = counts.map((count, index) => {
    below += count
    return `${name}_bucket{le="${COMMIT_BUCKETS_SECONDS[index] ?? '+Inf'}"} ${below}`
  })
  return [
    `# HELP ${name} From a write's arrival at the store until it is durable`,
    `# TYPE ${name} histogram`,
    ...lines,
    `${name}_sum ${seconds}`,
    `${name}_count ${below}`,
    '',
  ].join('\n')
}
