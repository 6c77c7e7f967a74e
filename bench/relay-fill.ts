/**
 * Fills a relay's database before it starts, and sweeps it after: `--data DIR`, then lines `{"do":"fill","mailboxes":N}`, which
 * is answered when N mailboxes hold five envelopes each, and `{"do":"sweep"}`, which is answered with the longest time that
 * the event loop stood still while the first envelope of each mailbox was found to have expired.
 */
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { configSchema } from '../relay/config.ts'
import { envelopeIdOf } from '../relay/hashes.ts'
import type { DepositItem } from '../relay/storage/relay-store.ts'
import { openRelayStore } from '../relay/storage/sqlite-relay-store.ts'
import { WrongResult } from './harness.ts'
import { SCALE_MESSAGES, scaleMailbox, scaleMessage, tokenOf } from './relay-scale-data.ts'

const GROUP = 250
const GROUPS_AT_ONCE = 4
const DAY_MS = 24 * 60 * 60 * 1000
const LIFE_MS = 30 * DAY_MS

const { values } = parseArgs({ options: { data: { type: 'string' } } })
const open = () => openRelayStore(join(values.data ?? '', 'relay.db'), configSchema.parse({ maxMailboxes: 10_000_000 }))

const depositsOf = (number: number, mailboxes: number, nowMs: number): readonly DepositItem[] => {
  const { mailboxId } = scaleMailbox(number, mailboxes)
  const tokenHash = hash('sha256', tokenOf(number), 'buffer')
  return Array.from({ length: SCALE_MESSAGES }, (_, index) => {
    const envelope = scaleMessage(number, index)
    // A tenth of them have a shorter time to live, for the sweep.
    const lifeMs = index === 0 && number % 10 === 0 ? DAY_MS : LIFE_MS
    return {
      mailboxId,
      tokenHash,
      envelope,
      envelopeId: envelopeIdOf(envelope),
      storedAtMs: nowMs,
      expiresAtMs: nowMs + lifeMs,
    }
  })
}

const fill = async (mailboxes: number): Promise<void> => {
  const store = open()
  const nowMs = Date.now()
  const fillGroup = async (from: number): Promise<void> => {
    const numbers = Array.from({ length: Math.min(GROUP, mailboxes - from) }, (_, index) => from + index)
    await Promise.all(
      numbers.map(async (number) => {
        const mailbox = { ...scaleMailbox(number, mailboxes), openedAtMs: nowMs }
        const token = { hash: hash('sha256', tokenOf(number), 'buffer'), handle: new Uint8Array(4) }
        await Promise.all([store.openMailbox(mailbox, true), store.putTokens(mailbox.mailboxId, [token])])
      }),
    )
    // One envelope of each in turn: what is deposited to a mailbox does not lie together.
    const items = numbers.flatMap((number) => depositsOf(number, mailboxes, nowMs))
    for (let index = 0; index < SCALE_MESSAGES; index += 1) {
      const results = await store.deposit(items.filter((_, at) => at % SCALE_MESSAGES === index))
      if (results.some(({ kind }) => kind !== 'held')) throw new WrongResult('a deposit was not held')
    }
  }
  for (let from = 0; from < mailboxes; from += GROUP * GROUPS_AT_ONCE) {
    const starts = Array.from({ length: GROUPS_AT_ONCE }, (_, index) => from + index * GROUP)
    await Promise.all(starts.filter((start) => start < mailboxes).map(fillGroup))
  }
  store.erase()
  store.close()
}

/** As the relay's housekeeping does it. */
const sweep = async (): Promise<object> => {
  const store = open()
  const before = await store.totals()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  await nextTurn()
  delay.enable()
  const startedMs = performance.now()
  const expiredAtMs = Date.now() + 2 * DAY_MS
  for (let more = true; more;) more = (await store.sweep(expiredAtMs)).more
  const seconds = (performance.now() - startedMs) / 1000
  delay.disable()
  const after = await store.totals()
  store.close()
  const swept = before.envelopes - after.envelopes
  if (swept === 0) throw new WrongResult('nothing was swept')
  return { pauseMaxMs: delay.max / 1e6, seconds, swept }
}

console.log(JSON.stringify({ ready: true }))
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as { readonly do: 'fill' | 'sweep'; readonly mailboxes: number }
  try {
    const answer = command.do === 'fill' ? await fill(command.mailboxes) : await sweep()
    console.log(JSON.stringify({ ...answer }))
  } catch (error) {
    console.log(JSON.stringify({ wrong: error instanceof Error ? (error.stack ?? error.message) : String(error) }))
  }
}
