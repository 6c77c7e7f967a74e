/** Senders and owners of the scale run: deposits into mailboxes spread over all, owners who come for their five envelopes. */
import { encodeRequest } from '../shared/wire/relay-requests.ts'
import { WrongResult } from './harness.ts'
import { BenchStream, envelopeIdOf, inGroups, startClientNode, TTL_SECONDS } from './relay-parley.ts'
import { depositPrepared } from './relay-parley-load.ts'
import type { Prepared } from './relay-parley-load.ts'
import { ownable, SCALE_MESSAGES, scaleMailbox, scaleMessage, scaleOwner, tokenOf } from './relay-scale-data.ts'
import type { Timed, Work } from './relay-work.ts'

/** A prime: neighbours in time are no neighbours in the database. */
const STRIDE = 7_919
/** Numbers of envelopes that no fill has used. */
const FIRST_NUMBER = 1_000
const OWNERS_A_ROUND = 150

export interface ScaleLoad {
  deposit(work: Work): Promise<Timed>
  drain(work: Work): Promise<Timed>
}

/** `work.mailboxes` is how many there are in all. */
export const scaleLoad = async (address: string, relayId: string): Promise<ScaleLoad> => {
  const node = await startClientNode()

  const prepareBatches = (work: Work, connection: number): readonly Prepared[] => {
    const batches: Prepared[] = []
    const perConnection = work.messages / work.connections
    for (let at = 0; at < perConnection; at += work.batch) {
      const entries = Array.from({ length: work.batch }, (_, place) => {
        const sent = connection * perConnection + at + place
        const number = ((work.round * work.messages + sent) * STRIDE) % work.mailboxes
        const { mailboxId } = scaleMailbox(number, work.mailboxes)
        const envelope = scaleMessage(number, FIRST_NUMBER + work.round * work.messages + sent)
        return { envelope, targets: [{ mailboxId, token: tokenOf(number), ttlSeconds: TTL_SECONDS }] as const }
      })
      const requestId = 1_000 + batches.length
      const targets = entries.map(({ envelope, targets: [{ mailboxId }] }) => ({
        mailboxId,
        envelopeId: envelopeIdOf(envelope),
      }))
      batches.push({ requestId, targets, frame: encodeRequest(requestId, { type: 'deposit', entries }) })
    }
    return batches
  }

  return {
    deposit: async (work) => await depositPrepared(node, address, relayId, work, prepareBatches),

    drain: async (work) => {
      const all = ownable(work.mailboxes)
      const from = (work.round * OWNERS_A_ROUND) % Math.max(1, all.length - OWNERS_A_ROUND)
      const numbers = all.slice(from, from + OWNERS_A_ROUND)
      const owners = await inGroups(numbers, () => BenchStream.open(node, address))
      const startedMs = performance.now()
      await Promise.all(owners.map((owner, index) => drainOne(owner, numbers[index] ?? 0)))
      const seconds = (performance.now() - startedMs) / 1000
      for (const owner of owners) await owner.close()
      return { seconds }
    },
  }
}

/** The five that it was filled with come first, in order; others may follow. */
const drainOne = async (owner: BenchStream, number: number): Promise<void> => {
  let next = 0
  const done = new Promise<void>((resolve, reject) => {
    owner.onPush = (entries) => {
      for (const { envelope } of entries) {
        const expected = next < SCALE_MESSAGES ? scaleMessage(number, next) : envelope
        if (Buffer.compare(envelope, expected) !== 0) reject(new WrongResult(`mailbox ${number} got something else`))
        next += 1
      }
      const isLast = next >= SCALE_MESSAGES
      owner.acknowledge(entries).then(() => {
        if (isLast) resolve()
      }, reject)
    }
  })
  await owner.own(scaleOwner(number))
  await done
}
